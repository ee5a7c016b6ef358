.PHONY: help test race lint demo bench ci

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

test: ## what the README says
	go test ./...

race: ## the same under the race detector
	go test -race ./...

lint: ## the linters
	go tool -modfile=tools/go.mod golangci-lint run

demo: ## the story in one command
	go run ./cmd/grapevine demo -n 21 --script

bench: ## measure 101 members on this machine
	go run ./cmd/grapevine bench

ci: ## all that a change must pass
	.ci/run
