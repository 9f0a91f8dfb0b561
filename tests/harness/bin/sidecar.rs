//! The sidecar under test.

fn main() -> std::process::ExitCode {
    forebay::main()
}
