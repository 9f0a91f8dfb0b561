//! The `forebay` program; everything is in the library, so that tests can build it too.

fn main() -> std::process::ExitCode {
    forebay::main()
}
