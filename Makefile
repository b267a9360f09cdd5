# SPDX-License-Identifier: Apache-2.0
# The two that matter first: `make demo` shows it, `make test` proves it. All the rest is a step of these.
# JOBS limits the compiler's processes: make test JOBS=1 on a small machine.

SHELL := /bin/bash
JOBS ?= $(shell nproc)
SWIFT_FLAGS := -j $(JOBS)
# One stripped program with the Swift runtime inside; the system's libraries stay shared, for their updates.
RELEASE_FLAGS := -c release --static-swift-stdlib -Xlinker -s
RELEASE := .build/release
C_FILES = $(shell find Sources functions bench Tests -name '*.[ch]' -not -path '*/.build/*')

.PHONY: build layers demo test test-vm check tidy reference format functions bootstrap clean help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## installs the distribution's packages that are missing
	@scripts/bootstrap

build: bootstrap ## the release program: .build/release/faasctl
	@scripts/embed-spawner --strip $(RELEASE)/faasctl
	swift build $(SWIFT_FLAGS) $(RELEASE_FLAGS) --product CSpawner
	swift build $(SWIFT_FLAGS) $(RELEASE_FLAGS) --product faasctl
	@scripts/embed-spawner $(RELEASE)/faasctl $(RELEASE)/CSpawner

layers: build ## what bench/layers runs besides the release program
	swift build $(SWIFT_FLAGS) $(RELEASE_FLAGS) --product LayerBench

functions: bootstrap ## the example functions' programs
	@if [ -f functions/Makefile ]; then $(MAKE) --no-print-directory -C functions; fi

demo: build functions ## builds, starts a gateway, deploys functions/hello and calls it
	@scripts/demo $(RELEASE)/faasctl

test: functions ## every test
	@scripts/bootstrap --test
	swift build $(SWIFT_FLAGS) --build-tests
	@# One after the other: tests that wait for programs would hold the few threads that others' time limits
	@# run on, and whole gateways under load need the machine for themselves.
	@status=0; \
	swift test $(SWIFT_FLAGS) --skip-build --no-parallel --skip '^EndToEndTests' || status=1; \
	swift test $(SWIFT_FLAGS) --skip-build --no-parallel --filter '^EndToEndTests' || status=1; \
	exit $$status

test-vm: functions ## end-to-end tests in a virtual machine with Debian's kernel, as root and as an ordinary user
	@scripts/bootstrap --vm
	swift build $(SWIFT_FLAGS) --build-tests
	@scripts/test-vm

check: bootstrap ## format and source rules
	swift format lint --strict --parallel -r Sources Tests bench Package.swift
	@if command -v clang-format >/dev/null; then clang-format --dry-run --Werror $(C_FILES); \
	else echo "check: no clang-format here, the C files' format was not checked"; fi
	@$(MAKE) --no-print-directory tidy

tidy: ## the source rules alone (Tests/TidyTests)
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build --filter TidyTests

reference: ## rewrites the generated parts of docs/reference
	swift build $(SWIFT_FLAGS) --build-tests
	MAYFLY_WRITE_REFERENCE=1 swift test $(SWIFT_FLAGS) --skip-build --filter ReferenceTests

format: ## rewrites the sources in the project's format
	swift format --parallel -i -r Sources Tests bench Package.swift
	clang-format -i $(C_FILES)

clean: ## removes what was built
	rm -rf .build
	@if [ -f functions/Makefile ]; then $(MAKE) --no-print-directory -C functions clean; fi
