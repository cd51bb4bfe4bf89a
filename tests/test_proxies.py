"""The bot connects to Telegram and the gateway through the configured proxies, and through no others."""

from __future__ import annotations

import ast
import asyncio
import datetime
import gc
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import pytest
import uvloop
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.domain.gateway import GatewayError
from bot.gateway.smsc.client import SmscClient, SmscCredentials
from bot.proxies import Proxy, TelegramSession, client
from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.process import BotProcess, free_port, run_command
from tests.proxies import PASSWORD, WRITTEN_LOGIN, TestProxy, running
from tests.test_doctor import findings
from tests.test_settings import GOOD, good, problems, run_bot

ROOT = Path(__file__).parent.parent
TELEGRAM, GATEWAY = "telegram.invalid", "gateway.invalid"
"""Hosts that only the proxies can resolve: nothing is reachable past them."""


def names(world: World) -> dict[str, int]:
    port = urlsplit(world.url).port
    assert port is not None
    return {TELEGRAM: port, GATEWAY: port}


def behind(proxy: TestProxy, kind: str, login: str = WRITTEN_LOGIN) -> dict[str, str]:
    """The configuration of a bot that reaches the world through `proxy` only."""
    address = f"{kind}://{login}@127.0.0.1:{proxy.port}"
    return {
        "TELEGRAM_API_URL": f"http://{TELEGRAM}",
        "SMSC_URL": f"http://{GATEWAY}",
        "TELEGRAM_PROXY": address,
        "SMSC_PROXY": address,
    }


@pytest.fixture
def url(sqlite_path: Path) -> str:
    return f"sqlite:///{sqlite_path}"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The certificate of a proxy with TLS; everybody trusts it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "proxy")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    (tmp_path / "proxy.pem").write_bytes(
        made.public_bytes(encoding)
        + key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "proxy.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "proxy.pem")
    return context


@pytest.mark.parametrize("kind", ["http", "socks5", "socks5h"])
async def test_somebody_verifies_where_telegram_and_the_gateway_are_reached_through_proxies_only(
    world: World, url: str, kind: str
) -> None:
    async with running(kind, names(world)) as proxy:
        installation = Installation(world, url, **behind(proxy, kind))
        await installation.start()
        await verify(world.person("Anna", language="en"))
        await installation.stop()

    assert set(proxy.asked) == {TELEGRAM, GATEWAY}


async def test_a_proxy_may_speak_tls(world: World, url: str, certificate: ssl.SSLContext) -> None:
    async with running("https", names(world), certificate) as proxy:
        environment = {name: value.replace("127.0.0.1", "localhost") for name, value in behind(proxy, "https").items()}
        installation = Installation(world, url, **environment)
        await installation.start()
        await verify(world.person("Anna", language="en"))
        await installation.stop()

    assert set(proxy.asked) == {TELEGRAM, GATEWAY}


@pytest.mark.parametrize("kind", ["http", "socks5h"])
async def test_files_come_through_the_proxy_too(world: World, kind: str) -> None:
    anna = world.person("Anna", language="en")
    await anna.sends_document("gate.json", b'{"gate": 1}')
    async with running(kind, names(world)) as proxy:
        way = Proxy.parse(f"{kind}://{WRITTEN_LOGIN}@127.0.0.1:{proxy.port}")
        async with Bot(world.bot_token, session=TelegramSession(f"http://{TELEGRAM}", way)) as bot:
            (update,) = await bot.get_updates()
            assert update.message is not None
            assert update.message.document is not None
            file = await bot.get_file(update.message.document.file_id)
            before = len(proxy.asked)
            await bot.session.close()
            fetched = await bot.download_file(str(file.file_path))
            assert fetched is not None
            assert fetched.read() == b'{"gate": 1}'
            assert proxy.asked[before:] == [TELEGRAM]


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_the_doctor_tries_the_proxies(
    world: World, url: str, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    async with running(kind, names(world)) as proxy:
        status, found = await findings(world, url, capsys, **behind(proxy, kind))
        right = [text for label, text in found if label == "ok"]
        assert status == 0
        assert f"TELEGRAM_PROXY: {kind}://127.0.0.1:{proxy.port} leads to {TELEGRAM}" in right
        assert f"SMSC_PROXY: {kind}://127.0.0.1:{proxy.port} leads to {GATEWAY}" in right

        _, found = await findings(world, url, capsys, **behind(proxy, kind, "somebody:wrong-word"))
        wrong = [text for label, text in found if label == "WRONG"]
        assert [text.split(":")[0] for text in wrong] == ["TELEGRAM_PROXY", "SMSC_PROXY"]
        assert all("the proxy refuses: " in text for text in wrong)
        assert not [text for _, text in found if "wrong-word" in text]

        del proxy.names[TELEGRAM]
        _, found = await findings(world, url, capsys, **behind(proxy, kind))
        (wrong_one,) = [text for label, text in found if label == "WRONG"]
        assert f"does not lead to {TELEGRAM}: the proxy refuses" in wrong_one

    gone = f"{kind}://127.0.0.1:{free_port()}"
    _, found = await findings(world, url, capsys, TELEGRAM_PROXY=gone)
    (wrong_one,) = [text for label, text in found if label == "WRONG"]
    assert f"TELEGRAM_PROXY: {gone} does not lead to 127.0.0.1: the proxy cannot be connected to" in wrong_one


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_bot_whose_proxy_refuses_it_waits_and_tells_nobody_the_password(
    world: World, url: str, tmp_path: Path, kind: str
) -> None:
    async with running(kind, names(world)) as proxy:
        bot = BotProcess(world, url, tmp_path, **behind(proxy, kind, "somebody:wrong-word"))
        bot.launch()
        await world.wait_until(lambda: len(proxy.logins) > 2)
        assert await bot.status("/healthz") == 200
        assert await bot.status("/readyz") == 503
        await bot.stop()

    assert "telegram_not_answering" in bot.output()
    assert "wrong-word" not in bot.output()
    assert "Traceback" not in bot.output()


# Both SOCKS libraries leave such a connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize("says", [b"", b"\x05", b"\x05\x02\x01", b"HTTP/1.1 4", b"\0" * 70_000])
async def test_a_proxy_that_breaks_off_in_the_middle_is_a_failure_that_passes(kind: str, says: bytes) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(3)
        writer.write(says)
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    proxy = Proxy.parse(f"{kind}://{WRITTEN_LOGIN}@127.0.0.1:{server.sockets[0].getsockname()[1]}")
    bot = Bot("42:TEST", session=TelegramSession(f"http://{TELEGRAM}", proxy))
    account = SmscCredentials((f"http://{GATEWAY}",), None, None, "key")

    with pytest.raises(TelegramNetworkError):
        await bot.get_me()
    async with client(proxy) as http:
        with pytest.raises(GatewayError, match="unavailable"):
            await SmscClient(account, http, patience=1).balance()
    assert await proxy.reach(TELEGRAM, 443, 60)

    await bot.session.close()
    server.close()
    gc.collect()


# Neither end closes a hanging connection.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("kind", "hangs"),
    [("http", "behind"), ("socks5", "behind"), ("https", "behind"), ("https", "before"), ("https", "after")],
)
def test_a_call_ends_in_its_own_time_where_tls_hangs_behind_or_before_the_proxy(
    certificate: ssl.SSLContext, loop: Callable[[], asyncio.AbstractEventLoop], kind: str, hangs: str
) -> None:
    async def call() -> None:
        ended, begun = asyncio.Event(), asyncio.Event()

        async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            """Behaves like a machine that is cut off: it reads nothing, not even the end."""
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            begun.set()
            await ended.wait()
            writer.transport.abort()

        tls = certificate if kind == "https" else None
        server = await asyncio.start_server(hang, "127.0.0.1", 0, ssl=tls if hangs == "after" else None)
        port = server.sockets[0].getsockname()[1]
        async with running(kind, {TELEGRAM: port}, tls) as good_proxy:
            proxy_port = good_proxy.port if hangs == "behind" else port
            proxy = Proxy.parse(f"{kind}://{WRITTEN_LOGIN}@localhost:{proxy_port}")
            bot = Bot("42:TEST", session=TelegramSession(f"https://{TELEGRAM}", proxy))
            async with asyncio.timeout(20):
                with pytest.raises(TelegramNetworkError):
                    await bot.get_me(request_timeout=1)
                assert begun.is_set()
                reached = await proxy.reach(TELEGRAM, 443, 1)
            assert reached == ("" if hangs == "behind" else "the proxy does not answer in time")
            ended.set()
            await bot.session.close()
        server.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(call())
    gc.collect()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("127.0.0.1:1080", "must begin with"),
        ("http://a..b:1", "must name a host"),
        (f"socks5://{'a' * 64}.org:1080", "must name a host"),
        ("https://.example.org:3128", "must name a host"),
        ("socks5://999.1.1.1:1080", "must name a host"),
        ("socks4://127.0.0.1:1080", "must begin with"),
        ("ftp://127.0.0.1", "must begin with"),
        ("socks5://", "must name a host"),
        ("socks5://127.0.0.1:99999", "must be an address"),
        ("socks5://127.0.0.1:0", "must name a host"),
        ("http://[::1", "must be an address"),
        ("http://proxy/path", "must end after the port"),
        ("http://proxy?hidden", "must end after the port"),
        ("http://somebody:hidden/word@proxy:3128", ""),
        ("http://somebody:hidden#word@proxy:3128", ""),
        ("http://:hidden@proxy:3128", "must have a login"),
        ("http://name:скрыто@proxy:3128", "may hold only ASCII"),
        ("http://пример.рф:3128", "must name a host"),
        ("http://a%3Ab:hidden@proxy:3128", "may hold only ASCII"),
        ("http://a:hidden%0d%0aX: y@proxy:3128", "may hold only ASCII"),
    ],
)
@pytest.mark.parametrize("name", ["TELEGRAM_PROXY", "SMSC_PROXY"])
def test_a_proxy_that_is_none_is_refused_by_the_name_of_its_variable(name: str, value: str, says: str) -> None:
    (problem,) = problems(**{name: value})

    assert problem.startswith(f"{name}: {says}")
    assert "скрыто" not in problem


@pytest.mark.long
def test_a_proxy_that_is_none_ends_the_command_with_status_2(tmp_path: Path) -> None:
    ended = run_command(tmp_path, "doctor", **GOOD, TELEGRAM_PROXY="127.0.0.1:1080")

    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.startswith(b"TELEGRAM_PROXY: must begin with")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://proxy", "http://proxy:80"),
        ("https://proxy/", "https://proxy:443"),
        ("socks5://proxy", "socks5://proxy:1080"),
        ("socks5h://u:p@[::1]:9050", "socks5h://[::1]:9050"),
        ("HTTP://u@proxy:3128", "http://proxy:3128"),
    ],
)
def test_a_proxy_is_shown_without_its_login_and_has_the_usual_port(written: str, meant: str) -> None:
    config = good(TELEGRAM_PROXY=written)

    assert str(config.telegram_proxy) == meant
    assert config.smsc_proxy is None
    assert "u:p" not in repr(config) + repr(config.telegram_proxy)


def test_the_password_of_a_proxy_is_seen_nowhere() -> None:
    config = good(SMSC_PROXY=f"socks5://{WRITTEN_LOGIN}@proxy")

    assert config.smsc_proxy is not None
    assert config.smsc_proxy.password == PASSWORD
    assert "ss/w" not in repr(config) + repr(config.smsc_proxy) + str(config.smsc_proxy)


FOREIGN = {
    **dict.fromkeys(("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "http_proxy"), "socks5://127.0.0.1:9"),
    "NO_PROXY": "[::1,*::",
    "PGHOST": "nowhere.invalid",
    "PGPORT": "many",
    "PGUSER": "nobody",
    "PGPASSWORD": "wrong",
    "PGSSLMODE": "sometimes",
    "PGSSLCERT": "/nowhere",
    "PGSSLROOTCERT": "/nowhere",
    "PGTARGETSESSIONATTRS": "none",
    "PGSSLNEGOTIATION": "never",
    "PGGSSLIB": "none",
    "PGSERVICE": "none",
    "SSLKEYLOGFILE": "/nowhere/keys",
    "NETRC": "/nowhere",
    "PILLOW_BLOCK_SIZE": "none",
    "PROMETHEUS_MULTIPROC_DIR": "/nowhere",
}


@pytest.fixture
async def careless(world: World, database_url: str, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """A bot whose environment is full of variables that libraries read."""
    bot = BotProcess(world, database_url, tmp_path, **FOREIGN)
    yield bot
    await bot.clean_up()


# PostgreSQL's library reads most of these variables, SQLite's none.
@pytest.mark.long
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_nothing_but_the_bots_own_variables_has_any_effect(world: World, careless: BotProcess) -> None:
    careless.launch_by_command()
    world.smsc.callback.url = f"{careless.url}/smsc/callback-token-of-the-tests?charset=utf-8"
    await careless.is_ready()
    await verify(world.person("Anna", language="en"))
    await careless.stop()


@pytest.mark.long
@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
async def test_the_doctor_finds_nothing_wrong_in_such_an_environment(
    world: World, empty_database_url: str, tmp_path: Path
) -> None:
    environment = Installation(world, empty_database_url).environment() | FOREIGN

    # The world lives in this process.
    ended = await asyncio.to_thread(run_bot, tmp_path, "doctor", **environment)

    assert (ended.returncode, "WRONG" in ended.stdout, ended.stderr) == (0, False, "")


def test_every_client_is_made_without_the_environment() -> None:
    made = 0
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py"), *(ROOT / "storage").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            # aiohttp's clients ignore the environment unless told otherwise.
            assert given.get("trust_env", "False") == "False", path
            if called in ("httpx.AsyncClient", "httpx.Client"):
                assert given.get("trust_env") == "False", path
                made += 1
            assert called not in ("httpx.get", "httpx.post", "httpx.request", "httpx.stream"), path
    assert made > 0
