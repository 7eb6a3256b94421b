//! Other people's tools, each in an environment of its own under `target/tools`, made once.
//!
//! `NEUROPIL_TOOLS=DIR` takes the environments `DIR/NAME` instead, if they are there. `NEUROPIL_NO_TOOLS=1` leaves these tests
//! out. A tool that can't be had is told, and its tests skip.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// How long a tool may take to install, s.
const LONGEST: u32 = 600;

/// Lines that are told of what a failing program said.
const LINES: usize = 12;

/// A tool that is a Python package, or several.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// Its name, and that of its requirements file.
    pub name: &'static str,
    /// The packages that it needs, with their versions, as pip reads them.
    pub requirements: &'static str,
    /// Programs that it needs beside them, and the Debian packages that bring each.
    pub programs: &'static [(&'static str, &'static str)],
}

/// An environment in which a tool is.
#[derive(Debug, Clone)]
pub struct Environment {
    folder: PathBuf,
}

impl Tool {
    /// The environment with the tool in it; `None`, with the reason told, if it can't be had.
    pub fn environment(&self) -> Option<Environment> {
        static KNOWN: Mutex<BTreeMap<&'static str, Result<PathBuf, String>>> = Mutex::new(BTreeMap::new());
        let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let found = known.entry(self.name).or_insert_with(|| self.find());
        match found {
            Ok(folder) => Some(Environment { folder: folder.clone() }),
            Err(reason) => {
                eprintln!("SKIPPED: {} can't be had: {reason}", self.name);
                None
            }
        }
    }

    fn find(&self) -> Result<PathBuf, String> {
        have(self.programs)?;
        if let Some(given) = std::env::var_os("NEUROPIL_TOOLS") {
            let folder = Path::new(&given).join(self.name);
            if folder.join("bin/python").exists() {
                return Ok(folder);
            }
        }
        let folder = target_folder()?.join("tools").join(self.name);
        fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        // Two test programs at once make it once.
        let lock = File::create(folder.with_extension("lock")).map_err(|e| e.to_string())?;
        lock.lock().map_err(|e| e.to_string())?;
        let ready = folder.join("ready");
        if fs::read_to_string(&ready).is_ok_and(|known| known == self.requirements) {
            return fs::canonicalize(&folder).map_err(|e| e.to_string());
        }
        let _ = fs::remove_dir_all(&folder);
        said(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let list = folder.join("requirements.txt");
        fs::write(&list, self.requirements).map_err(|e| e.to_string())?;
        let pip =
            ["install", "--quiet", "--disable-pip-version-check", "--retries", "2", "--timeout", "30", "-r"];
        said(
            Command::new("timeout").arg(LONGEST.to_string()).arg(folder.join("bin/pip")).args(pip).arg(&list),
        )?;
        fs::write(&ready, self.requirements).map_err(|e| e.to_string())?;
        fs::canonicalize(&folder).map_err(|e| e.to_string())
    }
}

impl Environment {
    /// A command with the environment's programs first on its path, run in `folder`.
    pub fn command(&self, program: &str, folder: &Path) -> Command {
        let bin = self.folder.join("bin");
        let own = bin.join(program);
        let mut command = Command::new(if own.exists() { own } else { PathBuf::from(program) });
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("VIRTUAL_ENV", &self.folder)
            .current_dir(folder);
        command
    }

    /// Runs `program` in `folder`; what it prints.
    ///
    /// # Errors
    /// What it said, if it fails.
    pub fn run(&self, program: &str, arguments: &[&str], folder: &Path) -> Result<String, String> {
        said(self.command(program, folder).args(arguments))
    }

    /// The same with `home` as the folder of the user's own settings.
    ///
    /// # Errors
    /// What it said, if it fails.
    pub fn run_at_home(
        &self,
        program: &str,
        arguments: &[&str],
        folder: &Path,
        home: &Path,
    ) -> Result<String, String> {
        said(self.command(program, folder).env("HOME", home).args(arguments))
    }
}

/// Runs the machine's own Python in `folder`.
///
/// # Errors
/// What it said, if it fails.
pub fn python(arguments: &[&str], folder: &Path) -> Result<String, String> {
    said(Command::new("python3").args(arguments).current_dir(folder))
}

/// Where Cargo builds: this program lies in PROFILE/KIND below it.
fn target_folder() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let folder = program.ancestors().nth(3).ok_or("this program is in no folder of Cargo's")?;
    Ok(folder.to_path_buf())
}

/// Installs `programs` that are not there, by name and the Debian packages that bring each.
///
/// # Errors
/// Which can't be had.
pub fn have(programs: &[(&str, &str)]) -> Result<(), String> {
    // One at a time: the package manager lets but one in.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if std::env::var_os("NEUROPIL_NO_TOOLS").is_some() {
        return Err("NEUROPIL_NO_TOOLS is set".to_string());
    }
    for (program, package) in programs {
        if !is_there(program) {
            install(package)?;
        }
        if !is_there(program) {
            return Err(format!("there is no {program} (Debian's package {package})"));
        }
    }
    Ok(())
}

fn is_there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|o| o.status.success())
}

/// Installs a Debian package, where that may be done.
fn install(package: &str) -> Result<(), String> {
    let packages: Vec<&str> = package.split(' ').collect();
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").arg("-y").args(arguments);
        said(&mut command)
    };
    let wanted = [&["install"], &packages[..]].concat();
    // The list of packages may be old, or not there at all.
    apt(&wanted).or_else(|_| apt(&["update"]).and_then(|_| apt(&wanted))).map(|_| ())
}

/// Runs a command; what it prints.
///
/// # Errors
/// The end of it, if it fails.
fn said(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("{program}: {e}"))?;
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Ok(text);
    }
    let lines: Vec<&str> = text.lines().collect();
    Err(format!("{program}: {}", lines[lines.len().saturating_sub(LINES)..].join("\n")))
}
