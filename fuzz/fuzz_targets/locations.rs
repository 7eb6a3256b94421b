//! Whatever text stands where a place is expected, reading it ends with a selection or an error, its
//! printed form means the same, and it can be evaluated on a cell.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use neuropil::morph::{Geometry, Morphology, SectionKind, SectionPlan};
use neuropil::select::{Cable, Draw, Field, Selection};

fn cell() -> &'static (Morphology, Geometry) {
    static CELL: OnceLock<(Morphology, Geometry)> = OnceLock::new();
    CELL.get_or_init(|| {
        let plans = [
            SectionPlan::cylinder("soma", SectionKind::Soma, 20.0, 20.0),
            SectionPlan::cylinder("dend[0]", SectionKind::BasalDendrite, 100.0, 2.0).on("soma", 0.0),
            SectionPlan::cylinder("apic[0]", SectionKind::ApicalDendrite, 200.0, 3.0).on("soma", 1.0),
            SectionPlan::cylinder("apic[1]", SectionKind::ApicalDendrite, 80.0, 1.0).on("apic[0]", 1.0),
            SectionPlan::cylinder("apic[2]", SectionKind::ApicalDendrite, 90.0, 1.0).on("apic[0]", 1.0),
        ];
        let morphology = Morphology::from_sections("cell", &plans).expect("a sound cell");
        let geometry = Geometry::of(&morphology);
        (morphology, geometry)
    })
}

fuzz_target!(|text: &str| {
    let (morphology, geometry) = cell();
    let cable = Cable::new(morphology, geometry);
    if let Ok(selection) = text.parse::<Selection>() {
        let printed = selection.to_string();
        assert_eq!(printed.parse::<Selection>().expect("what was printed can be read"), selection);
        match selection {
            Selection::Region(region) => drop(region.evaluate(&cable)),
            Selection::Points(points) => drop(points.evaluate(&cable, &Draw::default())),
        }
    }
    if let Ok(field) = text.parse::<Field>() {
        let _ = field.on(&cable);
    }
});
