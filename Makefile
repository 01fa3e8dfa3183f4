# What a developer does every day. `make help` lists it; CONTRIBUTING.md says when to use what.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench web screenshots clean-demo

# `make run` and `make test` share one build of the dependencies, the development profile's: on a fresh machine that is minutes saved, and the
# crates that are slow without optimisation (argon2, zstd, SQLite) are optimised in it (Cargo.toml). For speed: make run PROFILE=release
PROFILE ?= dev
# Extra arguments of `seatrial serve`, for example: make run ARGS="--listen 127.0.0.1:9000"
ARGS ?=

WEB_SOURCES := $(shell find web/scripts web/styles web/icons web/api-docs web/e2e web/build.mjs web/tsconfig.json -type f 2>/dev/null)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: web ## build and start the service with a demo project: http://127.0.0.1:8080, ./seatrial.db
	cargo run --locked --profile $(PROFILE) --bin seatrial -- serve --demo $(ARGS)

test: ## everything the suite needs, then the whole suite; make test ONLY=gate:: runs a part of the integration tests
	bash scripts/test.sh $(ONLY)

check: web ## what CI refuses: formatting, clippy, documentation, web types, dependencies and licences
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
	cd web && npm run --silent check
	bash scripts/dependencies.sh
	bash scripts/spectral.sh

fmt: ## format the Rust code
	cargo fmt --all

bench: web ## the benchmarks, each beside its reference in the same run; make bench ONLY=ingest runs one, ONLY=lighthouse the pages in a browser
ifneq ($(ONLY),lighthouse)
	cargo bench --locked --workspace $(if $(ONLY),--bench $(ONLY),--benches)
endif
ifneq (,$(filter $(or $(ONLY),lighthouse),lighthouse))
	bash scripts/lighthouse.sh
endif

web: web/dist/manifest.json ## the web assets into web/dist

screenshots: web ## docs/screenshots from the demo project
	bash scripts/screenshots.sh

clean-demo: ## forget the demo: delete ./seatrial.db
	rm -f seatrial.db seatrial.db-wal seatrial.db-shm

web/node_modules/.package-lock.json: web/package.json web/package-lock.json web/.npmrc
	cd web && npm ci --no-fund --no-audit --loglevel=error
	touch $@

web/dist/manifest.json: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run --silent build
