//! Any text as a region, as points, and as a field: reading ends, what is read prints as text that reads
//! back equal, and can be asked of a cell.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neuropil::morph::{Geometry, Morphology, SectionKind, SectionPlan};
use neuropil::select::{Cable, Draw, Field, Points, Region};

fuzz_target!(|text: &str| {
    let plans = [
        SectionPlan::cylinder("soma", SectionKind::Soma, 20.0, 20.0),
        SectionPlan::cylinder("dend[0]", SectionKind::BasalDendrite, 300.0, 2.0).on("soma", 1.0),
        SectionPlan::cylinder("dend[1]", SectionKind::BasalDendrite, 80.0, 1.0).on("dend[0]", 1.0),
        SectionPlan::cylinder("apic[0]", SectionKind::ApicalDendrite, 90.0, 1.5).on("dend[0]", 1.0),
        SectionPlan::cylinder("axon", SectionKind::Axon, 60.0, 1.0).on("soma", 0.0),
    ];
    let cell = Morphology::from_sections("cell", &plans).expect("the cell is sound");
    let geometry = Geometry::of(&cell);
    let cable = Cable::new(&cell, &geometry);
    if let Ok(region) = text.parse::<Region>() {
        let printed = region.to_string();
        assert_eq!(printed.parse::<Region>().as_ref(), Ok(&region), "{printed}");
        let _ = region.evaluate(&cable);
    }
    if let Ok(points) = text.parse::<Points>() {
        let printed = points.to_string();
        assert_eq!(printed.parse::<Points>().as_ref(), Ok(&points), "{printed}");
        let _ = points.evaluate(&cable, &Draw { seed: 1, cell: 0, use_id: 0 });
    }
    if let Ok(field) = text.parse::<Field>() {
        let printed = field.to_string();
        assert_eq!(printed.parse::<Field>().as_ref(), Ok(&field), "{printed}");
        let _ = field.on(&cable);
    }
});
