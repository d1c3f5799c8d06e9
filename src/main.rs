//! `bartizan`: runs a command and returns its exit code.

fn main() -> std::process::ExitCode {
    bartizan::cli::run()
}
