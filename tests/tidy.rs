//! What a linter does not see: the order of modules, the size of files, what the text says.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the lowest up: each uses only those before it.
const ORDER: [&str; 25] = [
    "error",
    "machine",
    "units",
    "rng",
    "expr",
    "morph",
    "select",
    "dynamics",
    "lems",
    "library",
    "model",
    "experiment",
    "simd",
    "vm",
    "cable",
    "wiring",
    "engine",
    "neuroml",
    "hardware",
    "output",
    "plot",
    "reduce",
    "codegen",
    "bench",
    "cli",
];

/// Lines of a source file beyond which it is probably more than one subject.
const MAX_LINES: usize = 700;

fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display().to_string()
}

#[test]
fn modules_use_only_lower_ones() {
    let rank = |module: &str| ORDER.iter().position(|m| *m == module);
    let mut wrong = Vec::new();
    for path in sources("src") {
        let name = relative(&path);
        let module = name.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_string();
        let Some(own) = rank(&module) else { continue };
        let text = fs::read_to_string(&path).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            // Comments may point anywhere, tests may use anything.
            if line.trim_start().starts_with("//") {
                continue;
            }
            if line.contains("#[cfg(test)]") {
                break;
            }
            for rest in line.split("crate::").skip(1) {
                let used: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if rank(&used).is_some_and(|used| used > own) {
                    wrong.push(format!("{name}:{}: {module} uses {used}, which stands above it", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    let modules: Vec<&str> =
        lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut sorted: Vec<&str> = ORDER.to_vec();
    sorted.sort_unstable();
    let mut named = modules.clone();
    named.sort_unstable();
    assert_eq!(named, sorted, "lib.rs and the order of modules differ");
}

#[test]
fn files_have_one_subject() {
    let mut long = Vec::new();
    for path in sources("src") {
        let lines = fs::read_to_string(&path).expect("a source file").lines().count();
        if lines > MAX_LINES {
            long.push(format!("{} has {lines} lines", relative(&path)));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn nothing_is_left_open() {
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    for path in sources("src").into_iter().chain(sources("tests")).chain(sources("examples")) {
        let text = fs::read_to_string(&path).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            for word in words {
                assert!(!line.contains(word), "{}:{}: {word}", relative(&path), number + 1);
            }
        }
    }
}

#[test]
fn unsafe_code_is_where_it_belongs() {
    for path in sources("src") {
        let name = relative(&path);
        let allowed = ["src/simd/", "src/vm/kernels/", "src/cable/hines/"];
        if allowed.iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            assert!(!code.contains("unsafe "), "{name}:{}: unsafe code outside the kernels", number + 1);
        }
    }
}
