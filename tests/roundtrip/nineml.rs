//! The nineml library reads what is written, checks it, writes it again, and reads that as the same.

use super::columns::{Outcome, Proof};
use super::run;

const NETWORK: &str = include_str!("nineml_network.toml");

#[test]
fn the_library_reads_checks_and_writes_it_again() {
    match run("nineml", NETWORK) {
        Outcome::Absent => {}
        Outcome::Shown(Proof::Checked(said)) => assert!(said.starts_with("read, checked"), "{said}"),
        other => panic!("{other:?}"),
    }
}
