//! scratch
use neuropil::engine::{Memory, Options, Simulation};
use neuropil::library;
use neuropil::model::*;
use neuropil::select::{Points, Region};
use std::sync::Arc;
use std::time::Instant;

fn main() -> neuropil::Result<()> {
    let a: Vec<String> = std::env::args().collect();
    let num = |k: usize| a[k].parse::<f64>().unwrap();
    let t0 = Instant::now();
    let core = library::core()?.clone();
    let t1 = Instant::now();
    let mut set = core;
    set.read_file(&a[1], &library::resolver())?;
    let t2 = Instant::now();
    let component = set.component(&a[2]).unwrap();
    let shaped = neuropil::neuroml::shaped(&set, component)?;
    let t3 = Instant::now();
    let (temp, dt, dur, amp, start, len) =
        (num(3) + 273.15, num(4) * 1e-3, num(5) * 1e-3, num(6) * 1e-9, num(7) * 1e-3, num(8) * 1e-3);
    let mut cell = (*shaped.cell).clone();
    let dropped: Vec<&str> = a.get(10).map(|s| s.split(',').collect()).unwrap_or_default();
    cell.densities.retain(|d| !dropped.contains(&d.name.as_str()));
    let at = |id: u64| {
        let l = shaped.location(id, 0.5).unwrap();
        Points::At(Region::Section(shaped.cell.morphology.section(l.section).name.clone()), l.fraction)
    };
    let mut model = Model::new("x", dur, dt, temp);
    let p = model.add_population("p", 1, PopulationCell::Cable(Arc::new(cell)));
    if amp != 0.0 {
        model.stimuli.push(Stimulus::step(p, CellSet::All, at(0), start, start + len, amp)?);
    }
    for id in a[9].split(',') {
        let mut variables = vec!["v"];
        variables.extend(a.get(11).map(|s| s.split(',').collect::<Vec<_>>()).unwrap_or_default());
        model.record(p, at(id.parse().unwrap()), &variables, format!("f{id}"));
    }
    model.detect_spikes(p, at(0), -0.02);
    let mut sim = Simulation::new(&model, &Options { threads: 1, ..Options::default() })?;
    let t4 = Instant::now();
    eprintln!("core {:?} read {:?} shaped {:?} lower {:?}", t1 - t0, t2 - t1, t3 - t2, t4 - t3);
    for w in &shaped.warnings {
        eprintln!("{w}");
    }
    for w in &shaped.assumptions {
        eprintln!("assumed: {w}");
    }
    let mut memory = Memory::default();
    sim.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(()))?;
    eprintln!("run {:?}", t4.elapsed());
    println!(
        "# spikes {:?}",
        memory.spikes.iter().map(|s| (s.time_s * 1e6).round() / 1e3).collect::<Vec<_>>()
    );
    let columns: Vec<usize> = sim.tables().iter().map(|t| t.columns.len() + 1).collect();
    let rows = memory.tables[0].len() / columns[0];
    for r in 0..rows {
        let mut line = format!("{:.9}", memory.tables[0][r * columns[0]]);
        for (t, c) in columns.iter().enumerate() {
            for k in 1..*c {
                line.push_str(&format!("\t{:.9e}", memory.tables[t][r * c + k]));
            }
        }
        println!("{line}");
    }
    Ok(())
}
