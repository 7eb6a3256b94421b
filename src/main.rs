//! The `neuropil` program: everything is in [`neuropil::cli`].

fn main() -> std::process::ExitCode {
    neuropil::cli::run()
}
