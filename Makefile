# Everything a newcomer, a developer or CI runs. Needs Python 3.11 or newer, and make; it installs the rest in .venv.
# Another Python than python3: make demo PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The locks are complete, so pip must resolve nothing: older versions look at the newest version of an extra before its
# pin, and stop if that is not the locked one.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile
# One pip keeps one processor busy, so two install half of the packages each.
install = for half in 0 1; do awk "/^[^ ]/ { n++ } n % 2 == $$half" $(1) > $(VENV)/half-$$half.txt; done; \
	$(INSTALL) -r $(VENV)/half-0.txt & first=$$!; $(INSTALL) -r $(VENV)/half-1.txt && wait $$first
# pip compiles one file after the other; this does it on every processor. Some packages contain files for other versions
# of Python; nobody imports those, nor where phone numbers are at home, which would be a quarter of the work.
BYTECODE := $(BIN)/python -m compileall -qq -j 0 -x 'phonenumbers/(carrierdata|geodata|tzdata)' $(VENV)/lib bot handlers storage || true
LOCK := build/lock
COMPILE := $(LOCK)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)

# The names that tests/browser/demo.py looks for.
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable
# Test processes. Tests sometimes wait for servers and browsers, so more than one for each processor keep it busy. A
# finished one takes tests from another.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) '*' 3)
# Let Python cache compiled code for the next process, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal
# Results of a whole run only: which queries ran on just one database, and which lines no test ran.
MEASURED := -p tests.instrumented -p tests.both_databases -p tests.line_coverage
# ONLY is a path if there is such a file or folder, else an expression for pytest -k.
SELECTED = $(if $(wildcard $(firstword $(subst ::, ,$(ONLY)))),'$(ONLY)',-k '$(ONLY)')

.PHONY: help demo doctor run test tests quick check browser bench torture fuzz format lock screenshots clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile
	@echo
	@echo "While you work on something: make quick after each change, make test ONLY=tests/scenarios/test_gates.py for the"
	@echo "stories it touches (or ONLY='raid and sqlite', by name), make test before you hand it in. WORKERS=0 runs the tests"
	@echo "in one process, as a debugger needs it. For another Python: make clean, then make test PYTHON=python3.12."

demo: $(VENV)/.installed ## the bot in a world of its own: prints an address to open; no account, no money, no network; another port: make demo PORT=8100
	@exec $(BIN)/python -m bot demo $(if $(PORT),--port '$(PORT)')

doctor: $(VENV)/.installed ## check .env against Telegram, the gateway, the public address and the database
	@exec $(BIN)/python -m bot doctor

run: $(VENV)/.installed ## the real bot, configured by .env
	@[ -e .env ] || [ -n "$$BOT_TOKEN" ] || { printf '%s\n' \
		"There is no .env yet. Make one, and fill in what is empty there:" \
		"    cp .env.example .env && chmod 600 .env" \
		"BOT_TOKEN            from @BotFather in Telegram: /newbot" \
		"SMSC_API_KEY         from the settings of your account at smsc.ru" \
		"SMSC_CALLBACK_TOKEN, SECRET_KEY" \
		"                     made by you: $(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(32))'" \
		"OPERATORS            your own Telegram id: @userinfobot tells it" \
		"Then: make doctor" >&2; exit 2; }
	@exec $(BIN)/python -m bot run

test: $(VENV)/.installed-dev browser ## every check and every test, with coverage; ONLY=… runs the tests named, and nothing else
ifdef ONLY
	$(PYTEST) $(SELECTED)
else
	@$(MAKE) --no-print-directory --jobs=2 check tests
endif

tests: $(VENV)/.installed-dev browser
	@# Compile once; otherwise each process would.
	@[ -d build/instrumented ] || $(BIN)/python -m pytest $(MEASURED) --collect-only --quiet >/dev/null 2>&1 || true
	$(PYTEST) $(MEASURED)

quick: $(VENV)/.installed-dev ## under a minute: the tests of the rules: domain, features and gateway, on SQLite
	$(PYTEST) -k 'not postgresql' tests/domain tests/gateway tests/features

check: $(VENV)/.installed-dev ## what can be said without running anything: lint, format, types, who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

browser: ## a Chromium for the browser tests, installed where the package manager allows it
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "Installing Chromium for the browser tests"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	else \
		echo "The browser tests need Chromium or Chrome, and none of these is there: $(BROWSERS)." >&2; \
		echo "Install one, for example: sudo apt-get install chromium · sudo dnf install chromium" >&2; \
		exit 1; \
	fi

bench: $(VENV)/.installed ## joins a second and the time from a call to access, beside a bare bot; nothing else should run
	$(BIN)/python -m benchmarks.joins

torture: $(VENV)/.installed-dev ## kill the bot again and again while people verify, and look at them; ARGS='--kills 200 --database postgresql'
	$(BIN)/python -m tests.torture $(ARGS)

fuzz: $(VENV)/.installed-dev ## hostile requests of every kind at a running bot; ARGS='--requests 250000 --seed 1'
	$(BIN)/python -m tests.fuzz $(ARGS)

format: $(VENV)/.installed-dev ## put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(LOCK)/bin/uv ## lock what requirements.in and requirements-dev.in ask for; UPGRADE=1 takes the newest
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) --constraints requirements.txt requirements-dev.in --output-file requirements-dev.txt

screenshots: $(VENV)/.installed-dev browser ## the pictures of docs/pictures, moving ones too, taken from the demo
	$(BIN)/python -m tests.browser.pictures

clean: ## remove what was set up and built; data and .env stay
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The development lock includes the other one, with the same versions.
$(VENV)/.installed-dev: $(VENV)/pyvenv.cfg requirements-dev.txt requirements.txt
	@echo "Installing what the tests need"
	@$(call install,requirements-dev.txt)
	@$(BYTECODE)
	@touch $(VENV)/.installed $@

$(VENV)/.installed: $(VENV)/pyvenv.cfg requirements.txt
	@echo "Installing what the bot needs"
	@$(call install,requirements.txt)
	@$(BYTECODE)
	@touch $@

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Callgate needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not there)." >&2; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		rm -rf $(VENV); \
		exit 1; }

$(LOCK)/bin/uv:
	@$(PYTHON) -m venv $(LOCK)
	@$(LOCK)/bin/python -m pip install --quiet --disable-pip-version-check uv
