//! Grows the sample cells of `morphologies/`: `cargo run --example grow_morphologies [FOLDER]`.
//!
//! The same seed gives the same bytes. What the cells are modelled on is in `morphologies/README.md`.

mod cells;
mod grow;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("morphologies"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    for (name, text) in cells::all() {
        let path = folder.join(name);
        std::fs::write(&path, text)?;
        println!("{}", path.display());
    }
    Ok(())
}
