# Callgate in a container: `docker build -t callgate .`, or use docker-compose.yml.
# The Python version is the one the tests run on.

FROM python:3.11-slim AS build
COPY requirements.txt ./
# Wheels only: nothing is compiled, so nothing to compile with is needed.
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps --only-binary :all: -r requirements.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin callgate \
    && mkdir /data \
    && chown callgate:callgate /data
WORKDIR /app
COPY --from=build /venv /venv
COPY bot ./bot
COPY handlers ./handlers
COPY storage ./storage
# A DATABASE_URL that was written for a checkout, with data/ in it, means the volume here.
RUN ln -s /data data && /venv/bin/python -m compileall -q bot handlers storage

ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=8080 \
    DATABASE_URL=sqlite:////data/callgate.db

USER callgate
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; there = http.client.HTTPConnection('127.0.0.1', int(os.environ['HTTP_PORT']), timeout=3); there.request('GET', '/healthz'); sys.exit(there.getresponse().status != 200)"]

ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
