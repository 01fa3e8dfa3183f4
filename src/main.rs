//! The program: hands over to the command line.

/// Bodies of traces come and go on many threads; the system's allocator keeps what they leave in an arena for each.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    seatrial::cli::main()
}
