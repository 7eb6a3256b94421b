//! The command line.
//!
//! | exit status | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | an error, told on standard error |
//! | 2 | the command line itself is wrong |
//! | 130 | interrupted (Ctrl-C); `run` leaves complete files up to that moment |

mod bench;
mod channels;
mod check;
mod console;
mod convert;
mod describe;
mod displays;
mod document;
mod emulate;
mod equations;
mod gates;
mod generate;
mod header;
mod info;
mod interrupt;
mod plot;
mod reduce;
mod results;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Result;

/// What clap reads.
#[derive(Debug, Parser)]
#[command(
    name = "neuropil",
    version,
    about = "A simulator for neurons with real shapes",
    after_help = "First steps:\n  \
        neuropil run examples/ball_and_stick.toml --out results\n  \
        neuropil info morphologies/pyramidal_l5.swc\n  \
        neuropil channels na\n\n\
        Experiment files are described in docs/experiment-files.md.",
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run an experiment file or a LEMS document and write its results
    Run(run::Options),
    /// Find everything that is wrong in a model, or say what it would simulate, without running it
    Check(check::Options),
    /// Show what a model is made of: cells, channels with their equations, networks, recordings
    Describe(describe::Options),
    /// Print the measures of a morphology
    Info(info::Options),
    /// List the channel library, or show one component: equations, steady states, time constants
    Channels(channels::Options),
    /// Reduce a detailed cell to a few compartments or a point, and report what was lost
    Reduce(reduce::Options),
    /// Draw result files or morphologies
    Plot(plot::Options),
    /// Run a benchmark workload
    Bench(bench::Options),
    /// Convert a morphology between SWC and NeuroML
    Convert(convert::Options),
    /// Run a model in the arithmetic of a chip, beside the exact one
    Emulate(emulate::Options),
    /// Write a model as the code of other tools
    Generate(generate::Options),
}

/// How a command ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It did what was asked.
    Done,
    /// It did, and what it looked at is wrong, as it has told.
    Faulty,
    /// The user stopped it.
    Interrupted,
}

/// Runs the program on the process's arguments.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output; a closed pipe is no error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match execute(arguments.command) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Faulty) => ExitCode::FAILURE,
        Ok(Outcome::Interrupted) => ExitCode::from(130),
        Err(error) => {
            console::report(&error);
            let code = if error.kind() == crate::ErrorKind::Interrupted { 130 } else { 1 };
            ExitCode::from(code)
        }
    }
}

fn execute(command: Command) -> Result<Outcome> {
    match command {
        Command::Run(options) => run::execute(&options),
        Command::Check(options) => check::execute(&options),
        Command::Describe(options) => describe::execute(&options),
        Command::Info(options) => info::execute(&options),
        Command::Channels(options) => channels::execute(&options),
        Command::Reduce(options) => reduce::execute(&options),
        Command::Plot(options) => plot::execute(&options),
        Command::Bench(options) => bench::execute(&options),
        Command::Convert(options) => convert::execute(&options),
        Command::Emulate(options) => emulate::execute(&options),
        Command::Generate(options) => generate::execute(&options),
    }
}
