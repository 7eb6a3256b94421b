//! The connections of a projection that have states of their own, while they are drawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::connect::Layout;
use super::group::{Group, TO_POST, TO_PRE};
use super::lower::{PointKind, PointPrograms, PointSite};
use super::project::Drawn;
use super::resolve::drawing;
use super::rules::{Outlet, POST, PRE, Rules};
use super::wires::{Link, Wires};
use crate::dynamics::advance::Order;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ConnectionRule, Model, PointStep, Sender, name_key};
use crate::vm::Target;
use crate::wiring::{Wiring, whole_steps};

/// What the connections of a projection go to.
#[derive(Debug)]
pub struct Stores {
    kind: Arc<PointKind>,
    programs: Arc<PointPrograms>,
    /// Number among the rules of each group.
    of_group: BTreeMap<u32, usize>,
    /// Number of the sender whose spikes each target's connections hear; empty if they do not.
    heard: Vec<u32>,
    /// What leads there.
    to_post: Vec<(u32, Link)>,
    /// The share of the delay behind the synapse.
    fraction: f64,
    key: u64,
    seed: u64,
    /// Every connection, if any is recorded.
    placed: Option<Vec<Connected>>,
}

/// Where a connection with states is.
#[derive(Debug, Clone, Copy)]
pub struct Connected {
    /// Index among the sources.
    pub source: u32,
    /// Index among the targets.
    pub target: u32,
    /// The group.
    pub group: u32,
    /// Number among its rules.
    pub rules: u32,
    /// Number among their connections.
    pub connection: u32,
}

impl Stores {
    /// For projection `number`.
    ///
    /// # Errors
    /// If its rule is none.
    pub fn new(
        layout: &Layout<'_>,
        model: &Model,
        number: usize,
        rule: &ConnectionRule,
        wiring: &Wiring<'_>,
    ) -> Result<Stores> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Value, message));
        if !(0.0..=1.0).contains(&rule.dendritic_delay_fraction) {
            return wrong(format!("{} is no share of the delay: from 0 to 1", rule.dendritic_delay_fraction));
        }
        let Some(effective) = rule.dynamics.exposed("effective") else {
            let found = &rule.dynamics.component_type;
            return wrong(format!("<{found}> is no rule for connections: it does not expose `effective`"));
        };
        let ports = rule.dynamics.in_ports();
        if !ports.contains(&PRE) {
            let found = &rule.dynamics.component_type;
            return wrong(format!("<{found}> is no rule for connections: it has no port `{PRE}`"));
        }
        if let Some((name, _)) =
            rule.parameters.iter().find(|(name, _)| rule.dynamics.parameter(name).is_none())
        {
            return wrong(format!("its rule has no parameter `{name}`"));
        }
        let (dynamics, draws) = drawing(&rule.dynamics);
        let given = rule.parameters.iter().map(|(name, _)| name.clone());
        let kind = PointKind {
            name: rule.dynamics.name.clone(),
            hosts: Vec::new(),
            shows: vec![effective.to_string()],
            dynamics,
            draws,
            varying: std::iter::once("weight".to_string()).chain(given).collect(),
            temperature_k: model.temperature_k,
            step_s: f64::INFINITY,
            site: PointSite::Connection,
            gives: Vec::new(),
            sends: false,
            on_point_cell: false,
            cell_rate: None,
            is_loaded: false,
            point_step: PointStep::default(),
        };
        let programs = kind.programs(Order::First)?;
        let sender = |member| layout.sender(model, member, Sender::Cell);
        let heard = match ports.contains(&POST) {
            true => wiring.targets().iter().map(sender).collect::<Result<_>>()?,
            false => Vec::new(),
        };
        Ok(Stores {
            kind: Arc::new(kind),
            programs: Arc::new(programs),
            of_group: BTreeMap::new(),
            heard,
            to_post: Vec::new(),
            fraction: rule.dendritic_delay_fraction,
            key: name_key(&model.projections[number].name),
            seed: model.seed,
            placed: (!model.projections[number].recordings.is_empty()).then(Vec::new),
        })
    }

    /// Takes the connections of a source: what leads to their targets leads to them from now on.
    pub fn take(&mut self, drawn: &mut Drawn, groups: &mut [Group]) {
        let width = self.kind.varying.len();
        for (at, link) in drawn.links.iter_mut().enumerate() {
            let group = &mut groups[link.group as usize];
            let kinds = group.points.len() + group.cells.len();
            let number = *self.of_group.entry(link.group).or_insert_with(|| {
                group.rules.push(Rules::new(self.kind.clone(), self.programs.clone()));
                group.rules.len() - 1
            });
            let Target { lane, weight } = link.target;
            let outlet = Outlet { kind: link.kind, lane, port: link.port };
            let (i, j) = (u64::from(drawn.source), u64::from(drawn.targets[at]));
            let values = &drawn.parameters[at * width..][..width];
            // The same pair may be connected more than once.
            let key = [self.key.wrapping_add((at as u64) << 40), i << 32 | j];
            let connection = group.rules[number].add(outlet, values, key);
            if let Some(placed) = &mut self.placed {
                placed.push(Connected {
                    source: drawn.source,
                    target: drawn.targets[at],
                    group: link.group,
                    rules: number as u32,
                    connection,
                });
            }
            link.kind = (kinds + number) as u32;
            link.port = TO_PRE;
            link.target = Target { lane: connection, weight };
            if let Some(&sender) = self.heard.get(drawn.targets[at] as usize) {
                let delay_s = whole_steps(2.0 * self.fraction * link.delay_s, group.clock.dt_s);
                self.to_post.push((sender, Link { port: TO_POST, delay_s, ..*link }));
            }
        }
    }

    /// Lays out the memory, and lets connections hear their targets. Gives the connections if they are recorded.
    ///
    /// # Errors
    /// If there are too many connections.
    pub fn finish(mut self, groups: &mut [Group], wires: &mut Wires) -> Result<Vec<Connected>> {
        for (&group, &number) in &self.of_group {
            groups[group as usize].rules[number].finish(self.seed);
        }
        self.to_post.sort_by_key(|(sender, _)| *sender);
        for of_one in self.to_post.chunk_by(|a, b| a.0 == b.0) {
            let mut links: Vec<Link> = of_one.iter().map(|(_, link)| *link).collect();
            wires.add(of_one[0].0, &mut links, groups)?;
        }
        Ok(self.placed.unwrap_or_default())
    }
}
