# Shorter ways to the steps of .ci/run, which says what they do.
.PHONY: help test race lint fuzz demo bench mutants long ci

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

test: ## the test command of the README
	@.ci/run unit

race: ## the same under the race detector
	@.ci/run race

lint: ## format, vet and the linters
	@.ci/run formatted vet lint

fuzz: ## each fuzz target some thousand times
	@.ci/run fuzz

demo: ## the story in one command
	@.ci/run demo

bench: ## measure 101 members on this machine
	go run ./cmd/grapevine bench

mutants: ## break the protocol on purpose, in one line at a time, and see that each is found
	go run ./internal/mutants

long: ## what takes hours: ten thousand members, 10^8 member-seconds, 10^5 schedules and worlds
	go run ./cmd/grapevine sim --scenario bootstrap --nodes 10000
	go run ./cmd/grapevine sim --scenario crash --nodes 10000
	go run ./cmd/grapevine sim --scenario idle --nodes 100 --loss 1% --duration 100000s --seeds 10
	GRAPEVINE_SCHEDULES=100000 go test ./internal/stability -run 'TestEveryReportHadACommonMoment$$' -timeout 12h
	go run ./cmd/grapevine sim --swarm 100000

ci: ## all that a change must pass
	@.ci/run
