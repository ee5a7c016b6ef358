# Shorter ways to the steps of .ci/run, which says what they do.
.PHONY: help test race lint fuzz demo bench ci

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

test: ## the test command of the README
	@.ci/run unit

race: ## the same under the race detector
	@.ci/run race

lint: ## format, vet and the linters
	@.ci/run formatted vet lint

fuzz: ## each fuzz target for five seconds
	@.ci/run fuzz

demo: ## the story in one command
	@.ci/run demo

bench: ## measure 101 members on this machine
	go run ./cmd/grapevine bench

ci: ## all that a change must pass
	@.ci/run
