//! What `neuropil generate` writes: whole texts against those that were looked at and accepted, and what is refused.
//!
//! After a change that is meant: `NEUROPIL_ACCEPT=1 cargo test --test codegen` accepts what is written now; then look at
//! `git diff tests/codegen/golden`.

mod arbor;
mod brainscales;
mod brian2;
mod fit;
mod nestml;
mod neuroml;
mod neuron;
mod nineml;
mod pynn;
mod sonata;
mod spinnaker;

use std::fs;
use std::path::{Path, PathBuf};

use neuropil::codegen::{self, Generated, Options, Target};
use neuropil::experiment;

/// The code of the experiment `text` for `target`.
fn generate(text: &str, target: &str, lossy: bool) -> neuropil::Result<Generated> {
    let model = experiment::parse(text.to_string(), Path::new("model.toml"))?.model;
    let options = Options { origin: PathBuf::from("model.toml"), lossy, templates: None };
    codegen::generate(&model, Target::of_name(target)?, &options)
}

/// What is said when the experiment `text` is refused.
#[track_caller]
fn refusal(text: &str, target: &str) -> String {
    match generate(text, target, false) {
        Ok(_) => panic!("{target} accepted it"),
        Err(error) => error.to_string(),
    }
}

/// Compares every file made with the accepted one.
#[track_caller]
fn golden(name: &str, generated: &Generated) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/codegen/golden").join(name);
    let accept = std::env::var_os("NEUROPIL_ACCEPT").is_some();
    let mut wrong = Vec::new();
    for (path, bytes) in &generated.files {
        let path = folder.join(path);
        // The version is not part of what was looked at.
        let text = String::from_utf8_lossy(bytes).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        if accept {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
            continue;
        }
        let known = fs::read_to_string(&path).unwrap_or_default();
        if known != text {
            let differs = known.lines().zip(text.lines()).position(|(a, b)| a != b);
            let line = differs.unwrap_or_else(|| known.lines().count().min(text.lines().count()));
            wrong.push(format!(
                "{}:{}: accepted `{}`, written `{}`",
                path.display(),
                line + 1,
                known.lines().nth(line).unwrap_or_default(),
                text.lines().nth(line).unwrap_or_default()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}\n(NEUROPIL_ACCEPT=1 accepts them)", wrong.join("\n"));
}

#[test]
fn a_misspelt_target_is_named() {
    let error = Target::of_name("spinaker").unwrap_err().to_string();
    assert!(error.contains("did you mean spinnaker"), "{error}");
}

#[test]
fn folders_of_templates_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let model = experiment::parse(spinnaker::NETWORK.to_string(), Path::new("model.toml")).unwrap().model;
    let with = |folder: &Path| {
        let options =
            Options { origin: "model.toml".into(), lossy: false, templates: Some(folder.to_path_buf()) };
        codegen::generate(&model, Target::SpiNNaker, &options)
    };
    let error = with(folder.path()).unwrap_err().to_string();
    assert!(error.contains("no template") && error.contains("spinnaker/run.py.tera"), "{error}");
    fs::create_dir(folder.path().join("spinnaker")).unwrap();
    fs::write(folder.path().join("spinnaker/rum.py.tera"), "x").unwrap();
    let error = with(folder.path()).unwrap_err().to_string();
    assert!(error.contains("did you mean spinnaker/run.py.tera"), "{error}");
    fs::remove_file(folder.path().join("spinnaker/rum.py.tera")).unwrap();
    let own = folder.path().join("spinnaker/run.py.tera");
    fs::write(&own, "{% for p in populations %}{{ p.name }}").unwrap();
    let error = with(folder.path()).unwrap_err().to_string();
    assert!(error.contains("run.py.tera"), "{error}");
    fs::write(&own, "{{ nothing }}").unwrap();
    let error = with(folder.path()).unwrap_err().to_string();
    assert!(error.contains("spinnaker/run.py.tera") && error.contains("nothing"), "{error}");
    fs::write(&own, "{% for p in populations %}{{ p.name }} {% endfor %}").unwrap();
    let made = with(folder.path()).unwrap();
    let script = made.files.iter().find(|(path, _)| path == Path::new("run.py")).unwrap();
    assert_eq!(script.1, b"drive cells ");
}

#[test]
fn no_half_written_folder_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let made = generate(spinnaker::NETWORK, "spinnaker", false).unwrap();
    let out = folder.path().join("out");
    codegen::write(&made, &out).unwrap();
    let error = codegen::write(&made, &out).unwrap_err().to_string();
    assert!(error.contains("not empty"), "{error}");
    let mut broken = made.clone();
    broken.files.push(("run.py/inside".into(), Vec::new()));
    let other = folder.path().join("other");
    assert!(codegen::write(&broken, &other).is_err());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["out"]);
}
