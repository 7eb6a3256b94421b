//! The `neuropil` program: everything is in [`neuropil::cli`].

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    neuropil::cli::run()
}
