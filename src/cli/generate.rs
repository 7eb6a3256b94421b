//! `neuropil generate`: a model as the code of other tools.

use std::path::PathBuf;

use clap::Args;

use super::document::Document;
use super::{Outcome, console};
use crate::codegen::{self, Generated, Target};
use crate::error::Result;
use crate::model::Model;

/// Options of `generate`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Experiment file (TOML), or LEMS or NeuroML document
    model: PathBuf,
    /// What to make: a target's name, several with commas, or all
    #[arg(long, short, value_name = "TARGET", required = true)]
    target: String,
    /// Folder to write into; with several targets a folder for each is made in it
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// Leave out what the target cannot say, and list it, instead of refusing
    #[arg(long)]
    lossy: bool,
    /// Folder with templates of your own (TARGET/NAME.tera) in place of the built-in ones
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
}

/// Reads, generates, writes.
pub(super) fn execute(options: &Options) -> Result<Outcome> {
    let every = options.target == "all";
    let targets: Vec<Target> = if every {
        Target::NAMED.iter().map(|(_, target, _)| *target).collect()
    } else {
        options.target.split(',').map(|name| Target::of_name(name.trim())).collect::<Result<_>>()?
    };
    let document = Document::read(&options.model)?;
    document.one_run(&options.model)?;
    console::warn(document.warnings());
    let wanted = codegen::Options {
        origin: options.model.clone(),
        lossy: options.lossy,
        templates: options.templates.clone(),
    };
    if let [target] = targets[..] {
        let generated = codegen::generate(document.model(), target, &wanted)
            .map_err(|error| error.in_file(&options.model))?;
        codegen::write(&generated, &options.out)?;
        tell(target, &generated)?;
        return Ok(Outcome::Done);
    }
    all(document.model(), &targets, &wanted, options)
}

fn tell(target: Target, generated: &Generated) -> Result<()> {
    let files = generated.files.len();
    let mut text = format!("{}: {files} files; run with: {}\n", target.name(), generated.command);
    for line in &generated.differences {
        text += &format!("  differs: {line}\n");
    }
    for line in &generated.lost {
        text += &format!("  lost: {line}\n");
    }
    console::print(&text)
}

/// What came of each target: made, or refused with the reason; and a page that says so.
fn all(model: &Model, targets: &[Target], wanted: &codegen::Options, options: &Options) -> Result<Outcome> {
    let mut made = Vec::new();
    for target in targets {
        let result = codegen::generate(model, *target, wanted);
        if let Ok(generated) = &result {
            codegen::write(generated, &options.out.join(target.name()))?;
            tell(*target, generated)?;
        }
        if let Err(error) = &result {
            let reason = error.to_string().replace('\n', "\n  ");
            console::print(&format!("{}: refused: {reason}\n", target.name()))?;
        }
        made.push((*target, result));
    }
    let page = codegen::page(&wanted.origin, &made);
    let path = options.out.join("README.md");
    std::fs::create_dir_all(&options.out)
        .and_then(|()| std::fs::write(&path, page))
        .map_err(|e| crate::Error::io(&path, "write the page", &e))?;
    let any = made.iter().any(|(_, result)| result.is_ok());
    Ok(if any { Outcome::Done } else { Outcome::Faulty })
}
