# The verbs. `make help` lists them; scripts/VERB does the work and says at its top what it needs and leaves.
# Settings: BASE=v6.19  ARCH=x86_64|arm64  KERNEL=plain|debug|kcsan|rt|up  TOOLCHAIN=root|host  SOURCE=dir|tarball  TREE=dir  JOBS=n
# make itself exits 2 on any failure and names the script's own status ("Error 3"); scripts/lib/common.sh lists them.

.DEFAULT_GOAL := demo
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

demo: ## build and run the demo: timers and works from NMI, unpatched and patched kernel
test: ## build and run all tests: x86_64 plain, arm64 debug, the scripts (TESTS="timer async_nmi/nmi_*": only these selftests)
torture: ## random operations from all contexts for SECONDS=60, judged by an oracle (SEED=n SMP=2)
test-all: ## make test on every kernel and architecture in turn; CELLS="x86_64/rt ..." picks
regress: ## all BPF selftests on the base and the patched kernel, and what differs (FLAVOURS=, TESTS=)
measure: ## sizes and instructions per call, patched against unpatched
bench: ## the benchmark on the base, the patched kernel and a rival: what is better, and by how much (RIVAL=v7.2 PARTS= KERNELS=)
shell: ## a shell in a guest that runs the patched kernel
doctor: ## what this machine can do, what it lacks, and what that costs
toolchain: ## make the toolchain root
fetch: ## get the kernel source and check its hash
tree: ## make or update the kernel tree: one commit for the base, one for each patch
refresh: ## write the tree's commits back to patches/
check: ## every check on every patch, as the lists' CI would (PATCH=n ONLY=check LEAVE=check SHOW=latest)
confirm: ## after a look at the models: they fit the code as it is now
mutants: ## put known mistakes into the kernel, one at a time, and see a test notice (MUTANT=globs)
prove: ## litmus tests, model checking, interleavings and torture of the cell (PROVE=short, MUTANTS=1)
report: ## one page of what all runs in results/ say, as HTML, Markdown and JSON
post: ## prepare a posting, with the measured tables and the recipients, and stop there (POSTING=2 V=2)
demo test test-all torture regress measure bench shell doctor toolchain fetch refresh check mutants prove confirm report post:
	@scripts/$@
tree: toolchain
	@scripts/tree
kernel: tree ## build the patched kernel
	@scripts/build-kernel patched
base: tree ## build the unpatched kernel, or take it from the cache
	@scripts/build-kernel base
selftests: kernel ## build the selftests of guest/tests.list
	@scripts/build-selftests
examples: kernel ## build the examples
	@scripts/build-examples
clean: ## delete build/ (but not a tree that holds work) and results/
	@scripts/clean
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
	@sed -n 's/^# Settings: /\nSettings: /p' $(MAKEFILE_LIST)

.PHONY: demo test test-all torture regress measure bench shell doctor toolchain fetch tree refresh check mutants prove confirm report post kernel base selftests examples clean help
