# Every target calls cargo, which knows best what is out of date: no file lists here.

CARGO ?= cargo
target_dir := $(or $(CARGO_TARGET_DIR),target)
# Another platform to build for, which rustc and a C compiler have to know: build, dist.
TARGET ?=
# Others have a variable of this name in their environment for something else.
ifeq ($(origin TARGET),environment)
TARGET :=
endif
export TARGET
binary := $(target_dir)/$(if $(TARGET),$(TARGET)/)release/retry
tools := $(target_dir)/tools

prefix ?= /usr/local
exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
datarootdir ?= $(prefix)/share
mandir ?= $(datarootdir)/man
docdir ?= $(datarootdir)/doc/retry
bashcompdir ?= $(datarootdir)/bash-completion/completions
zshcompdir ?= $(datarootdir)/zsh/site-functions
fishcompdir ?= $(datarootdir)/fish/vendor_completions.d

# All but the documents. The program is first.
installed = "$(DESTDIR)$(bindir)/retry" "$(DESTDIR)$(mandir)/man1/retry.1" "$(DESTDIR)$(bashcompdir)/retry" \
	"$(DESTDIR)$(zshcompdir)/_retry" "$(DESTDIR)$(fishcompdir)/retry.fish"
# Not empty: install and uninstall take what is there for ours, whoever it belongs to.
FORCE ?=
export DESTDIR FORCE

documents := LICENSE LICENSE-APACHE LICENSE-MIT README.md BENCHMARKS.md CHANGELOG.md SECURITY.md
pages := $(wildcard docs/*)

INSTALL ?= install
INSTALL_PROGRAM ?= $(INSTALL) -m 755
INSTALL_DATA ?= $(INSTALL) -m 644

.DEFAULT_GOAL := build
.PHONY: build test test-portable test-deps lint lint-macos lint-actions fuzz mutants faults soak check generate install uninstall dist test-packages bench bench-simulate run help

build: ## build the binary that ships, target/release/retry, or with TARGET target/TARGET/release/retry (static where that can be)
	@set -eu; \
	[ -x "$(binary)" ] || echo "make build: compiling $(binary), once: four to five minutes on two cores" >&2; \
	target=$${TARGET:-$$("$${RUSTC:-rustc}" -vV | sed -n 's/^host: //p')}; \
	[ -z "$$TARGET" ] || export CC="$${CC:-$$(echo "$$TARGET" | sed 's/-unknown//')-gcc}"; \
	static='-C target-feature=+crt-static -C relocation-model=static'; \
	in_order='-C linker=$(CURDIR)/scripts/link-in-order.sh'; \
	plain=; \
	case $$target in \
	*-linux-gnu*) \
		probe=$$(mktemp -d); trap 'rm -rf "$$probe"' EXIT; \
		echo 'fn main() {}' | "$${RUSTC:-rustc}" $$static $$in_order --target "$$target" -o "$$probe/probe" - \
			>"$$probe/messages" 2>&1 \
			|| plain='a static link fails here (is libc.a missing? libc6-dev or glibc-static has it)' ;; \
	*) plain="$$target is not Linux with glibc" ;; \
	esac; \
	if [ -n "$$plain" ]; then \
		echo "make build: WARNING: $$plain" >&2; \
		echo "make build: WARNING: building without static linking: the binary starts more slowly" >&2; \
		$(CARGO) build --release --locked $${TARGET:+--target "$$TARGET"}; \
	else \
		RUSTFLAGS="$${RUSTFLAGS:-} $$static $$in_order" $(CARGO) build --release --locked --target "$$target"; \
		built="$(target_dir)/$$target/release/retry"; \
		[ "$$built" != "$(binary)" ] || exit 0; \
		mkdir -p "$(target_dir)/release"; \
		if cmp -s "$$built" "$(binary)"; then \
			touch "$(binary)"; \
		else \
			cp "$$built" "$(binary).new"; \
			mv -f "$(binary).new" "$(binary)"; \
		fi; \
	fi

test: test-deps ## install what the tests need, then run them all
	$(CARGO) test --locked </dev/null

# What the build does without: all, what macOS lacks (macos), or names in src/base/capability.rs.
WITHOUT ?= all

# In a directory of its own, which costs one more build of everything: the usual one stays as it is.
test-portable: export CARGO_TARGET_DIR := $(target_dir)/portable
test-portable: export BUILD_WITHOUT := $(WITHOUT)
test-portable: test-deps ## lint and test a build that does without what only some systems have (WITHOUT=all or macos)
	$(CARGO) clippy --all-targets --locked -- -D warnings
	$(CARGO) test --locked </dev/null

test-deps: ## say what the tests need and is missing, and install it where that is possible
	@scripts/test-deps.sh

lint: ## check the formatting, the lints, and the licences and sources of the dependencies
	$(CARGO) fmt --check
	rustfmt --check --edition 2024 fuzz/fuzz_targets/*.rs fuzz/stand-in/lib.rs
	$(CARGO) clippy --all-targets --locked -- -D warnings
	cp Cargo.lock fuzz/Cargo.lock
	$(CARGO) clippy --offline --manifest-path fuzz/Cargo.toml --target-dir "$(target_dir)" \
		--config 'patch.crates-io.libfuzzer-sys.path="fuzz/stand-in"' -- -D warnings
	@scripts/lint-deps.sh "$(tools)"
	shellcheck --external-sources scripts/*.sh scripts/action/*.sh packaging/deb/preinst packaging/deb/postrm .ci/run
	PATH="$(abspath $(tools))/bin:$$PATH" $(CARGO) deny --offline --all-features --locked check bans licenses sources

lint-macos: ## compile and lint everything for macOS, on another system
	@scripts/lint-macos.sh

lint-actions: ## check the action and the workflows with zizmor and actionlint
	@scripts/lint-actions.sh "$(tools)"

fuzz: ## feed what people, files and servers may send to the library, each of the targets for FUZZ_SECONDS (60)
	@scripts/fuzz.sh "$(abspath $(tools))" $(or $(FUZZ_SECONDS),60) $(FUZZ_TARGETS)

mutants: ## break the pure rooms in every way that cargo-mutants knows, and see whether a unit test notices (hours)
	$(CARGO) mutants --no-shuffle --jobs 1 $(MUTANTS)

# Another binary with RETRY=FILE, other options with FAULTS='--paths plain,redis'; see examples/faults.
faults: ## have every system call of many paths fail once, with each error that it can give (ten minutes)
	$(CARGO) build --locked --bins --examples
	"$(target_dir)/debug/examples/faults" --retry "$(or $(RETRY),$(target_dir)/debug/retry)" $(FAULTS)

SOAK ?= 600
soak: ## look for leaks: attempts without end in one process, and the program started over and over (ten minutes)
	$(CARGO) build --locked --bins --examples
	"$(target_dir)/debug/examples/faults" --retry "$(or $(RETRY),$(target_dir)/debug/retry)" --soak $(SOAK)

check: lint test ## lint, then test

generate: ## write the man page, the completions and the schemas again
	$(CARGO) build --locked
	@set -eu; \
	stage="$(target_dir)/generate"; \
	rm -rf "$$stage"; \
	mkdir -p "$$stage"; \
	set -- man man/retry.1 bash completions/retry.bash zsh completions/_retry fish completions/retry.fish \
		schema schema/config.schema.json log-schema schema/log.schema.json \
		report-schema schema/report.schema.json simulate-schema schema/simulate.schema.json; \
	while [ $$# -gt 0 ]; do \
		new="$$stage/$${2##*/}"; \
		"$(target_dir)/debug/retry" generate "$$1" >"$$new"; \
		[ -s "$$new" ] || { echo "make generate: 'retry generate $$1' wrote nothing" >&2; exit 1; }; \
		if cmp -s "$$new" "$$2"; then \
			echo "unchanged $$2"; \
		else \
			mkdir -p "$${2%/*}"; \
			mv -f "$$new" "$$2"; \
			echo "written   $$2"; \
		fi; \
		shift 2; \
	done; \
	rm -rf "$$stage"

install: ## install to DESTDIR and prefix (/usr/local); builds only what is not built yet
	@scripts/check-install.sh install $(installed)
	@if [ ! -x "$(binary)" ] || [ -n "$$(find src Cargo.toml Cargo.lock -newer "$(binary)")" ]; then \
		$(MAKE) --no-print-directory build; \
	fi
	$(INSTALL) -d "$(DESTDIR)$(bindir)" "$(DESTDIR)$(mandir)/man1" "$(DESTDIR)$(docdir)" \
		"$(DESTDIR)$(bashcompdir)" "$(DESTDIR)$(zshcompdir)" "$(DESTDIR)$(fishcompdir)"
	$(INSTALL_PROGRAM) "$(binary)" "$(DESTDIR)$(bindir)/retry"
	$(INSTALL_DATA) man/retry.1 "$(DESTDIR)$(mandir)/man1/retry.1"
	$(INSTALL_DATA) completions/retry.bash "$(DESTDIR)$(bashcompdir)/retry"
	$(INSTALL_DATA) completions/_retry "$(DESTDIR)$(zshcompdir)/_retry"
	$(INSTALL_DATA) completions/retry.fish "$(DESTDIR)$(fishcompdir)/retry.fish"
	$(INSTALL) -d "$(DESTDIR)$(docdir)/docs"
	$(INSTALL_DATA) $(documents) "$(DESTDIR)$(docdir)/"
	$(INSTALL_DATA) $(pages) "$(DESTDIR)$(docdir)/docs/"

uninstall: ## remove what install put there, and nothing else
	@scripts/check-install.sh remove $(installed)
	rm -f $(installed) $(foreach file,$(documents) $(pages),"$(DESTDIR)$(docdir)/$(file)")
	@rmdir "$(DESTDIR)$(docdir)/docs" "$(DESTDIR)$(docdir)" 2>/dev/null || true

dist: ## make the packages of this platform, or of TARGET: a tarball, .deb, .rpm, and their checksums
	@scripts/dist.sh

test-packages: ## install and remove what dist made for real, in copies of the system that are thrown away (root, Linux)
	scripts/test-image.sh "$(target_dir)/dist"
	scripts/test-rpm.sh "$(target_dir)/dist"
	scripts/test-deb.sh "$(target_dir)/dist"

bench: build ## measure retry beside its peers, and what its own options cost (ten minutes)
	@RETRY="$(binary)" scripts/bench.sh
	@RETRY="$(binary)" scripts/bench.sh attempts
	@RETRY="$(binary)" scripts/bench-peers.py

bench-simulate: ## compare simulations with published results, at full size, and measure their speed
	$(CARGO) bench --locked --bench simulate

run: build ## watch retry get through a server that fails twice
	@RETRY="$(binary)" scripts/demo.sh

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile
