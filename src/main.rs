//! `bartizan`: runs a command and returns its exit code.

/// A call makes some hundred small allocations; see `docs/measurements.md` for what this saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bartizan::cli::run()
}
