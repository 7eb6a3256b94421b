//! Concentrations of the reduced cell.

use super::compartments::Compartments;
use super::detailed::Detailed;
use super::membrane::Channel;
use crate::error::Result;
use crate::model::Pool;
use crate::select::Cable;

/// Gives each compartment the pools that most of the membrane it stands for has.
pub(super) fn place(full: &Detailed, home: &[usize], out: &mut Compartments) -> Result<()> {
    let cable = Cable::new(&full.cell.morphology, &full.plan.geometry);
    let mut ions: Vec<&str> = Vec::new();
    let mut pools: Vec<Pool> = Vec::new();
    // Area of each pool that each compartment stands for.
    let mut shares: Vec<Vec<f64>> = Vec::new();
    for pool in &full.cell.pools {
        let cover = pool.region.evaluate(&cable)?;
        let mut areas = vec![0.0; full.linear.len()];
        for cv in &full.plan.discretisation.cvs {
            let middle = crate::select::Location { section: cv.section, fraction: cv.centre() };
            if cover.contains(middle) {
                areas[cv.node as usize] = cv.area_m2;
            }
        }
        let mut own = vec![0.0; out.compartments.len()];
        areas.iter().zip(home).for_each(|(area, at)| own[*at] += area);
        let mut bare = pool.clone();
        bare.region = crate::select::Region::All;
        match pools.iter().position(|known| {
            known.ion == bare.ion && known.dynamics == bare.dynamics && bare.parameters.is_empty()
        }) {
            Some(at) => shares[at].iter_mut().zip(&own).for_each(|(all, own)| *all += own),
            None => {
                pools.push(bare);
                shares.push(own);
            }
        }
        if !ions.contains(&pool.ion.as_str()) {
            ions.push(&pool.ion);
        }
    }
    for (at, compartment) in out.compartments.iter_mut().enumerate() {
        for ion in &ions {
            let mine = (0..pools.len()).filter(|p| pools[*p].ion == *ion && shares[*p][at] > 0.0);
            if let Some(most) = mine.max_by(|a, b| shares[*a][at].total_cmp(&shares[*b][at])) {
                compartment.pools.push(most);
            }
        }
    }
    // A channel that spread to a compartment next to where it was needs its ion there too.
    for at in 0..out.compartments.len() {
        for ion in &ions {
            let has = |c: usize| out.compartments[c].pools.iter().copied().find(|p| pools[*p].ion == *ion);
            let is_read = |channel: &Channel| channel.ion.as_deref() == Some(*ion) || channel.reads(ion);
            let amounts = &out.compartments[at].channels;
            let is_needed = out.channels.iter().zip(amounts).any(|(channel, g)| *g > 0.0 && is_read(channel));
            if has(at).is_some() || !is_needed {
                continue;
            }
            let parent = out.compartments[at].parent;
            let near = (0..out.compartments.len()).filter(|c| out.compartments[*c].parent == Some(at));
            let mut near = parent.into_iter().chain(near).chain(0..out.compartments.len());
            if let Some(pool) = near.find_map(has) {
                out.compartments[at].pools.push(pool);
            }
        }
    }
    out.pools = pools;
    Ok(())
}
