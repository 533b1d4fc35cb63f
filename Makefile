# The project's commands; `make` alone lists them. RabbitMQ and Redis are started privately, and installed if missing,
# unless AMQP_URL and REDIS_URL name some.

.DEFAULT_GOAL := help
SEED ?= 1
KILLS ?= 100
CUSTOMERS ?= 5000

.PHONY: help build demo test chaos bench lint doc services chart kind dist clean

# Programs that a command runs; more would only be built.
PIPELINE := --bin extractor --bin transformer --bin loader

# Tests wait more than they compute: more of them at a time than there are cores.
export RUST_TEST_THREADS ?= 6

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build all binaries into target/debug
	cargo build --workspace --bins

demo: ## move 2,000 customers through the whole pipeline, break some, repair them, judge the result; KEEP=1 leaves it running
	cargo build $(PIPELINE) --bin desk --bin simulator --bin demo
	target/debug/demo $(if $(KEEP),--keep)

# With BROKER=4 the private brokers are RabbitMQ 4, of a Debian that is made in target/.
WITH_BROKER = $(if $(filter 4,$(BROKER)),root=$$(tests/rabbitmq4) && export BROKER_ROOT=$$root &&)

# One build of everything that the tests start or are, so that cargo test finds nothing left to build.
test: ## run every test; BROKER=4: with RabbitMQ 4
	cargo build --workspace --bins --tests
	$(WITH_BROKER) target/debug/with-services -- cargo test --workspace --no-fail-fast

chaos: ## kill everything at random by SEED, KILLS times, while CUSTOMERS change, and judge the result; BROKER=4: with RabbitMQ 4
	cargo build $(PIPELINE) --bin chaos
	$(WITH_BROKER) target/debug/chaos --seed $(SEED) --kills $(KILLS) --customers $(CUSTOMERS)

bench: ## measure a release build beside the bare broker, with plots in target/bench
	cargo build --release $(PIPELINE) --bin bench
	cargo bench -p transformer --bench mapping -- --quick
	target/release/bench --webhooks

lint: ## check format and clippy's advice, warnings denied
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

doc: ## build the documentation of the code, private items included, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

services: ## open a shell that has RabbitMQ and Redis in AMQP_URL and REDIS_URL
	cargo build --bin with-services
	target/debug/with-services -- $${SHELL:-sh}

chart: ## bring the Helm chart in line with deploy/k8s, from which it is made
	deploy/helm/sync

kind: ## start the local overlay on a cluster of kind or k3d and judge the form; says which part ran
	deploy/kind.sh

dist: ## archives and Debian packages for x86_64 and aarch64, checksums, SBOM, signature (MINISIGN_KEY=FILE), in target/dist
	deploy/dist

clean: ## remove everything built
	cargo clean
