.DEFAULT_GOAL := help
.PHONY: help build build-okta demo test integration faults tools lint mutants measures fmt generate docs bench fuzz clean
VERSION ?= 0.1.0
BUILD := CGO_ENABLED=0 go build -trimpath -ldflags "-s -w"
FUZZTIME ?= 10s

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: build-okta ## build rehome and all its plugins into bin/
	$(BUILD) -o bin/rehome-provider-entra ./cmd/rehome-provider-entra

build-okta: ## build everything but the Entra plugin, which takes minutes to compile
	$(BUILD) -o bin/ ./cmd/rehome ./cmd/rehome-lab ./cmd/rehome-provider-okta ./cmd/rehome-provider-keycloak ./cmd/rehome-provider-realmfile

demo: build-okta ## move the practice Okta tenant into a realm file, on loopback
	@bash examples/demo.sh

test: build ## run all tests
	go test -timeout 40m ./...

integration: build ## run only the tests against a real Keycloak
	REHOME_TEST_KEYCLOAK=required go test -run 'Keycloak' ./...

faults: ## kill and spoil applies at every place, on a realm file, a fake and a real Keycloak, and show the table
	@out=$$(mktemp -d); REHOME_FAULTS=$$out/table REHOME_TEST_KEYCLOAK=required go test -count=1 -timeout 60m -run '^TestFaults' ./cmd/rehome >$$out/log 2>&1; \
	  status=$$?; cat $$out/table; [ $$status = 0 ] || cat $$out/log; rm -rf $$out; exit $$status

tools: ## build the pinned tools of .tools/go.mod into bin/tools
	cd .tools && GOBIN=$(CURDIR)/bin/tools go install tool

lint: tools ## run go vet and the pinned linter; refuse an untidy go.mod, dead code, and generated files that are not up to date
	go vet ./...
	bin/tools/golangci-lint run ./...
	go mod tidy -diff
	cd .tools && go mod tidy -diff
	.tools/deadcode.sh bin/tools/deadcode
	$(MAKE) docs generate
	git diff --exit-code -I '^//.*protoc' -- docs/reference providers/protocol

# Go's coverage has no block for the expression of a case, so a package of switches is reached less than its tests reach it.
mutants: tools ## change operators and conditions of the deciding packages, and count what their own tests notice
	@for package in evidence:85 verify:85 assess:85 merge:85 handoff:85; do \
	  bin/tools/gremlins unleash ./engine/$${package%:*} --timeout-coefficient 30 --threshold-efficacy 90 --threshold-mcover $${package#*:} || exit 1; done

measures: ## print sizes, import chain, fan-out and long lines of the tree, with what is allowed and wanted
	@go test -count=1 -run TestArchitecture_StaysWithinItsBudgets -v ./docs | grep -v '^=== '

fmt: ## format Go code and the examples
	gofmt -w cmd config docs engine providers state
	@if [ -x bin/rehome ]; then bin/rehome fmt -recursive examples; fi

generate: ## generate the protocol code (needs protoc 3.21, as Debian 12 has it; the plugins are fetched at fixed versions)
	GOBIN=$(CURDIR)/bin/tools go install google.golang.org/protobuf/cmd/protoc-gen-go
	GOBIN=$(CURDIR)/bin/tools go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
	PATH="$(CURDIR)/bin/tools:$$PATH" go generate ./providers/protocol

docs: ## write the generated reference into docs/
	REHOME_UPDATE_DOCS=1 go test -count=1 -run TestReference ./cmd/rehome ./providers/internal/realm

bench: ## measure start-up, commands on 10,000 items, hash, journal, collecting, writing; figures are in docs/benchmarks.md
	go test -run '^$$' -bench . -benchmem ./config/... ./engine/... ./state/... ./providers/okta ./providers/realmfile \
	  ./providers/internal/realm
	go test -run '^$$' -bench Commands -benchtime 3x ./cmd/rehome
	go test -run '^$$' -bench Startup -benchtime 100x ./cmd/rehome

# Shortening each input that finds something takes up to a minute by default, so that a short run would do nothing else.
fuzz: ## run every fuzz target for FUZZTIME each
	@go list -f '{{.Dir}} {{.ImportPath}}' ./... | while read -r dir path; do \
	  for target in $$(grep -hoE 'func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go 2>/dev/null | sed 's/func //'); do \
	    echo "$$path $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$path || exit 1; done; done

clean: ## remove what was built
	rm -rf bin
