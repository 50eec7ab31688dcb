# dun: build, test and show. 'make help' lists the targets.

GO       ?= go
VERSION  ?= $(shell git describe --always --dirty 2>/dev/null || echo unknown)
LDFLAGS   = -s -w -X main.version=$(VERSION)
GOBUILD   = CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS) $(if $(filter $*,$(SMALL)),$(PAGE))' $(if $(filter $*,$(SMALL)),$(LEAN))
FUZZTIME ?= 10s

# The processor families of small machines. What no packet passes, the runtime
# with it, is compiled without inlining for them: that makes the device binary an
# eleventh smaller. And the linker pads three segments to the largest page that a
# family knows, 64 KiB; these run with 4 KiB.
SMALL   = armv5 armv6 armv7 mips mipsle
HOT     = dun/dialup/path dun/dialup/mppe dun/dialup/hdlc dun/vpn dun/vpn/gre \
          encoding/binary internal/byteorder internal/runtime/atomic math/bits sync/atomic
LEAN    = -gcflags=all=-l $(HOT:%=-gcflags=%=)
PAGE    = -R 4096

CASES    ?=
PARTS    ?=

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Stripped size of the device binary, in bytes.
BUDGET_ARM    = 5242880
BUDGET_MIPSLE = 5767168

TARGETS = armv5 armv6 armv7 arm64 mips mipsle amd64
ENV_armv5  = GOARCH=arm GOARM=5
ENV_armv6  = GOARCH=arm GOARM=6
ENV_armv7  = GOARCH=arm GOARM=7
ENV_arm64  = GOARCH=arm64
ENV_mips   = GOARCH=mips GOMIPS=softfloat
ENV_mipsle = GOARCH=mipsle GOMIPS=softfloat
ENV_amd64  = GOARCH=amd64

# Unit tests that need no more than a processor: the engines and codecs.
PURE = ./configs ./dialup ./dialup/cause ./dialup/pcapng ./dialup/phonebook/... ./dialup/strict ./dialup/json ./dialup/hdlc ./dialup/mppe ./dialup/ppp/... ./modem/at ./vpn/gre ./vpn/pptp ./dialup/path ./cmd/internal/console/...

.PHONY: help build cross size test race emulated fuzz bench lint demo interop man completion clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/dun and bin/dunlab for this machine
	@echo bin/dun bin/dunlab
	@$(GOBUILD) -o bin/dun ./cmd/dun
	@$(GOBUILD) -o bin/dunlab ./cmd/dunlab

cross: $(TARGETS:%=dist/dun-linux-%) ## dist/dun-linux-* for every target

dist/dun-linux-%: FORCE
	@mkdir -p dist
	@echo $@
	@GOOS=linux $(ENV_$*) $(GOBUILD) -o $@ ./cmd/dun

size: dist/dun-linux-armv5 dist/dun-linux-mipsle ## print the device binary's size and hold it to its budget
	@for t in armv5:$(BUDGET_ARM) mipsle:$(BUDGET_MIPSLE); do \
	  f=dist/dun-linux-$${t%:*}; max=$${t#*:}; n=$$(wc -c < $$f); \
	  echo "$$f: $$n bytes, $$((n * 100 / max)) % of $$max"; \
	  [ $$n -le $$max ] || { echo "$$f is over its budget"; exit 1; }; done

test: ## all tests that need no other program
	$(GO) test ./...
	$(GO) test -tags pathdebug ./dialup/path ./vpn

race: ## the same under the race detector (needs cgo)
	CGO_ENABLED=1 $(GO) test -race ./...

# The emulator has no namespaces and cannot start itself: two tests of the phonebook need both.
SKIP = -skip '^Test(KilledWriters|FullDisk)$$'

emulated: ## the engines' tests on arm and big-endian mips (needs qemu-user-static)
	GOARCH=arm GOARM=5 CGO_ENABLED=0 $(GO) test $(SKIP) -exec qemu-arm-static $(PURE)
	GOARCH=mips GOMIPS=softfloat CGO_ENABLED=0 $(GO) test $(SKIP) -exec qemu-mips-static $(PURE)
	GOARCH=mips GOMIPS=softfloat CGO_ENABLED=0 $(GO) test -run '^Test(Message|Attributes|Number|Parse|Exchange)$$|^Fuzz' -exec qemu-mips-static ./board/netcfg/rtnl
	GOARCH=mipsle GOMIPS=softfloat CGO_ENABLED=0 $(GO) test -exec qemu-mipsel-static ./dialup/mppe ./dialup/hdlc
	GOARCH=arm64 CGO_ENABLED=0 $(GO) test -exec qemu-aarch64-static ./dialup/mppe ./dialup/hdlc

fuzz: ## every fuzz target for FUZZTIME (10s)
	GO=$(GO) .ci/fuzz $(FUZZTIME)

bench: build ## dun beside a plain path, the kernel and its peers, into cmd/dunlab/bench/RESULTS.md (root; PARTS=name ...)
	bin/dunlab bench $(PARTS)

lint: ## gofmt, vet for more than one processor, staticcheck
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "not formatted: $$out"; exit 1; }
	$(GO) vet ./...
	GOARCH=mips GOMIPS=softfloat CGO_ENABLED=0 $(GO) vet ./...
	GOARCH=arm GOARM=5 CGO_ENABLED=0 $(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

demo: build ## the main job on a simulated line, ISP and office
	bin/dunlab demo

interop: build ## the matrix against real pppd, pptpd, pptp-linux and kernels (root; CASES=name ...)
	bin/dunlab interop $(CASES)

man: ## the manual into dist/man
	$(GO) run -tags man -ldflags '-X main.version=$(VERSION) -X main.date=$(shell git show -s --format=%cs 2>/dev/null)' ./cmd/dun man dist/man

completion: ## the shell's completion into dist/completion (bash, zsh by bashcompinit)
	$(GO) run -tags man ./cmd/dun completion dist/completion

clean: ## remove what was built
	rm -rf bin dist

FORCE:
