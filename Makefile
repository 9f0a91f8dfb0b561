# The verbs of this repository; .ci/run calls the same ones. `make help` lists them.

SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH):/usr/sbin:/sbin

# Passed on to `make demo`, `make bench` and `make fuzz`, as in: make demo ARGS=--once
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: demo test check bench fuzz gen setup help

demo: ## Start a slow API, Forebay in front of it and traffic; show before and after (ARGS=--once)
	@tools/setup.sh build
	cargo run --release --locked -p forebay -- demo $(ARGS)

test: ## Build everything and run every test, those in front of real servers included
	@tools/setup.sh test
	cargo build --workspace --locked
	cargo test --workspace --locked
	tests/real/run "$${CARGO_TARGET_DIR:-target}/debug/forebay"
	@# The unoptimized program is larger by itself; the optimized one stays below 32 MiB.
	tests/real/big_bodies --mib 256 --most 44 "$${CARGO_TARGET_DIR:-target}/debug/forebay"

check: ## Formatting, lints, generated files, dependency rules, deployment files
	@tools/setup.sh build
	@tools/setup.sh deploy
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	tools/generated-fresh.sh
	tools/deny.sh
	tools/deploy-valid.sh

bench: ## Measure Forebay beside nginx, and its cache as it grows (ARGS="--rounds 7 --only hit-1k")
	@tools/setup.sh bench
	cargo build --release --locked -p forebay
	@status=0; tests/bench/run $(ARGS) || status=$$?; tests/bench/cache || status=$$?; exit $$status

fuzz: ## Give every reader a million damaged inputs (ARGS="--target range --runs 10000000")
	@tools/setup.sh build
	cargo test --profile fuzz --locked -p forebay-tests --test fuzz -- $(or $(ARGS),--runs 1000000)

gen: ## Write the JSON Schema and the reference pages from the code
	@tools/setup.sh build
	tools/gen.sh

setup: ## Install what any of the verbs needs (system packages through apt-get)
	@tools/setup.sh build
	@tools/setup.sh test
	@tools/setup.sh bench
	@tools/setup.sh deploy

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
