//! The second pass: what structures connect and attach.

use super::path::{attribute, steps};
use super::{End, Link, MAX_LINKS, Pair, Role, Tree, Waiting, connects, is_maker, makes, waits};
use crate::error::{Error, ErrorKind, Result};
use crate::lems::component::Component;
use crate::lems::types::{Assign, Build, Chosen, Direction, Statement};

/// Names for instances that `With` and `ForEach` give: instance, or its absence beyond the outermost.
type Names<'a> = Vec<(&'a str, Option<usize>)>;

/// What the statements of a structure are done with.
struct Scope<'a> {
    /// The instance whose structure it is, or what `Apply` put in its place.
    base: usize,
    names: Names<'a>,
    /// Numbers of the items that names stand for, by the names.
    indices: Vec<(&'a str, f64)>,
    /// Whether instances are made that statements within others ask for, and nothing is connected yet.
    is_making: bool,
    /// Whether the first pass did what it can of the statements here: those within no `With`, `ForEach` or `Apply`.
    is_begun: bool,
}

impl<'a> Scope<'a> {
    /// For the statements of the structure of the instance `base`.
    fn new(base: usize, is_making: bool) -> Scope<'a> {
        Scope { base, names: Vec::new(), indices: Vec::new(), is_making, is_begun: true }
    }
}

impl<'a> Tree<'a> {
    /// Makes the instances that statements within `With`, `ForEach` and `Apply` ask for.
    pub(super) fn multiply(&mut self) -> Result<()> {
        let mut base = 0;
        while base < self.nodes.len() {
            let statements = &self.nodes[base].of.structure.statements;
            if statements.iter().any(waits) {
                self.statements(statements, &mut Scope::new(base, true))?;
            }
            base += 1;
        }
        Ok(())
    }

    /// Does the second pass for every instance, those attached on the way included.
    pub(super) fn connect(&mut self) -> Result<()> {
        let mut base = 0;
        while base < self.nodes.len() {
            let statements = &self.nodes[base].of.structure.statements;
            self.statements(statements, &mut Scope::new(base, false))?;
            base += 1;
        }
        Ok(())
    }

    fn statements(&mut self, statements: &'a [Statement], scope: &mut Scope<'a>) -> Result<()> {
        for statement in statements {
            let base = scope.base;
            self.count_work()
                .and_then(|()| self.statement(statement, scope))
                .map_err(|error| self.nodes[base].component.locate(error.at(statement.origin.place())))?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &'a Statement, scope: &mut Scope<'a>) -> Result<()> {
        if scope.is_making && is_maker(statement) && !scope.is_begun {
            self.make(statement, scope)?;
        }
        let is_open = matches!(statement.build, Build::With { .. });
        let is_due = if scope.is_begun { waits(statement) } else { makes(statement) };
        if scope.is_making && !is_open && !is_due {
            return Ok(());
        }
        match &statement.build {
            Build::With { chosen, name, within } => {
                let found = match chosen {
                    Chosen::Instance(path) => self.instance(scope.base, path),
                    Chosen::Item { list, index } => self.item(scope.base, list, index).map(Some),
                };
                match found {
                    // What it names may still have to be made.
                    Err(_) if scope.is_making => return Ok(()),
                    found => scope.names.push((name, found?)),
                }
                let begun = std::mem::replace(&mut scope.is_begun, false);
                let done = self.statements(within, scope);
                scope.is_begun = begun;
                done
            }
            Build::ForEach { instances, name, within } => {
                let (depth, numbers) = (scope.names.len(), scope.indices.len());
                let begun = std::mem::replace(&mut scope.is_begun, false);
                for found in self.instances(scope.base, instances)? {
                    self.count_work()?;
                    scope.names.push((name, Some(found)));
                    scope.indices.push((name, self.nodes[found].index as f64));
                    self.statements(within, scope)?;
                    scope.names.truncate(depth);
                    scope.indices.truncate(numbers);
                }
                scope.is_begun = begun;
                Ok(())
            }
            Build::Choose(cases) => {
                let within = self.chosen_case(scope.base, cases, &scope.indices)?;
                self.statements(within, scope)
            }
            Build::Apply { components, within } => {
                for base in self.step(&[scope.base], components)? {
                    let (names, indices) = (scope.names.clone(), scope.indices.clone());
                    let is_making = scope.is_making;
                    let mut inner = Scope { base, names, indices, is_making, is_begun: false };
                    self.statements(within, &mut inner)?;
                }
                Ok(())
            }
            Build::EventConnection { .. } => self.event_connection(statement, scope),
            Build::Tunnel { name, ends, components, assigns } => {
                let end = |tree: &Tree<'a>, end: &str| {
                    tree.named(scope, end)?
                        .ok_or_else(|| Error::new(ErrorKind::Name, format!("'{end}' names nothing")))
                };
                let hosts = [end(self, &ends[0])?, end(self, &ends[1])?];
                let base = scope.base;
                let one = self.referred_component(base, &components[0])?;
                let other = self.referred_component(base, &components[1])?;
                let one = self.attach(hosts[0], None, one, assigns, scope)?;
                let other = self.attach(hosts[1], None, other, assigns, scope)?;
                self.nodes[one].attached_by = Some((base, End::One));
                self.nodes[other].attached_by = Some((base, End::Other));
                self.nodes[one].peers.push((name, other));
                self.nodes[other].peers.push((name, one));
                self.pairs.push(Pair { one, other });
                Ok(())
            }
            // What is made at once is there.
            Build::ChildInstance { .. } => Ok(()),
            Build::MultiInstantiate { number, index, within, .. } => {
                let is_due = if scope.is_making { waits } else { connects };
                if !within.iter().any(is_due) {
                    return Ok(());
                }
                let (depth, numbers) = (scope.names.len(), scope.indices.len());
                let begun = std::mem::replace(&mut scope.is_begun, true);
                for i in 0..self.count(scope.base, number, &scope.indices)? {
                    self.count_work()?;
                    scope.indices.push((index, i as f64));
                    self.statements(within, scope)?;
                    scope.names.truncate(depth);
                    scope.indices.truncate(numbers);
                }
                scope.is_begun = begun;
                Ok(())
            }
        }
    }

    /// Makes the instances that a statement within others asks for: in the instance whose structure it is, after those that
    /// are there.
    fn make(&mut self, statement: &'a Statement, scope: &Scope<'a>) -> Result<()> {
        let base = scope.base;
        let mut items = self.items(base).len();
        let mut made = Vec::new();
        self.made(base, statement, &scope.indices, &mut items, &mut made)?;
        for mut waiting in made {
            if waiting.role == Role::Reference {
                let kids = self.nodes[base].kids.iter().map(|kid| &self.nodes[*kid]);
                waiting.index = kids.filter(|k| k.role == Role::Reference && k.slot == waiting.slot).count();
            }
            self.grow(waiting)?;
        }
        Ok(())
    }

    fn event_connection(&mut self, statement: &'a Statement, scope: &Scope<'a>) -> Result<()> {
        let Build::EventConnection {
            from,
            to,
            source_port,
            target_port,
            receiver,
            container,
            delay,
            assigns,
        } = &statement.build
        else {
            return Ok(());
        };
        let (sender, host) = (self.named(scope, from)?, self.named(scope, to)?);
        let base = scope.base;
        let (Some(sender), Some(host)) = (sender, host) else {
            // Beyond the outermost component: what holds it is not part of this.
            return Ok(());
        };
        let delay_s = match delay {
            None => 0.0,
            Some(name) => self.delay(base, name)?,
        };
        let (target, weight) = match receiver {
            Some(path) => {
                let component = self.referred_component(base, path)?;
                let slot = match container {
                    Some(name) => self.text(base, name),
                    None => None,
                };
                let attached = self.attach(host, slot, component, assigns, scope)?;
                self.nodes[attached].attached_by = Some((base, End::Receiver));
                (attached, None)
            }
            None => (host, self.weight(base, assigns, scope)?),
        };
        let weight = weight
            .or_else(|| self.nodes[target].assigned.iter().find(|(n, _)| *n == "weight").map(|(_, w)| *w));
        let out = self.port_name(base, source_port.as_deref());
        let from = self.port(sender, out, Direction::Out);
        let to = self.port(target, self.port_name(base, target_port.as_deref()), Direction::In);
        // What is attached by its host itself, as inputs of NeuroML are, need not exchange events with it.
        if receiver.is_some() && sender == host && (from.is_err() || to.is_err()) {
            return Ok(());
        }
        let from = from?;
        if self.links.len() >= MAX_LINKS {
            return Err(Error::new(ErrorKind::Limit, format!("more than {MAX_LINKS} connections")));
        }
        let link = Link {
            from: (sender, from),
            to: (target, to?),
            delay_s,
            weight,
            by: base,
            origin: &statement.origin,
        };
        self.links.push(link);
        Ok(())
    }

    /// The value of `weight` that a connection without a receiver sets.
    fn weight(&self, base: usize, assigns: &'a [Assign], scope: &Scope<'a>) -> Result<Option<f64>> {
        let assigned = self.assigned(base, assigns, &scope.indices, self.nodes[base].component)?;
        match assigned.iter().find(|(name, _)| *name != "weight") {
            Some((name, _)) => {
                let message =
                    format!("a connection without a receiver sets '{name}': only its 'weight' can be set");
                Err(Error::new(ErrorKind::Unsupported, message))
            }
            None => Ok(assigned.first().map(|(_, value)| *value)),
        }
    }

    fn delay(&self, base: usize, name: &str) -> Result<f64> {
        match self.value(base, name)? {
            Some(delay) if delay >= 0.0 && delay.is_finite() => Ok(delay),
            Some(delay) => {
                Err(Error::new(ErrorKind::Value, format!("the delay '{name}' is {delay} s, not from 0 on")))
            }
            None => {
                let message = format!("delay=\"{name}\": there is no parameter '{name}'");
                Err(Error::new(ErrorKind::Name, message))
            }
        }
    }

    /// Makes an instance of `component` that is attached to `host`.
    fn attach(
        &mut self,
        host: usize,
        slot: Option<&'a str>,
        component: &'a Component,
        assigns: &'a [Assign],
        scope: &Scope<'a>,
    ) -> Result<usize> {
        let of = self.nodes[host].of;
        let slots = &of.attachments;
        let slot = match slot.filter(|slot| !slot.is_empty()) {
            Some(name) => slots.iter().find(|slot| slot.name == name).ok_or_else(|| {
                let message = format!("a {} has no attachments '{name}'", of.name);
                match crate::error::nearest(name, slots.iter().map(|s| s.name.as_str())) {
                    Some(near) => {
                        Error::new(ErrorKind::Name, message).help(format!("did you mean '{near}'?"))
                    }
                    None => Error::new(ErrorKind::Name, message),
                }
            })?,
            None => match slots.as_slice() {
                [only] => only,
                [] => {
                    let message = format!(
                        "{} can't be attached to {}: its type has no attachments",
                        component.label(),
                        self.nodes[host].component.label()
                    );
                    return Err(Error::new(ErrorKind::Name, message));
                }
                several => {
                    let fits = |s: &&_| {
                        let slot: &crate::lems::types::Slot = s;
                        self.set.is_a(&component.component_type, &slot.component_type)
                    };
                    let mut fitting = several.iter().filter(fits);
                    match (fitting.next(), fitting.next()) {
                        (Some(only), None) => only,
                        _ => {
                            let message = format!("a {} has several attachments: name one", of.name);
                            return Err(Error::new(ErrorKind::Name, message));
                        }
                    }
                }
            },
        };
        let alike = |kid: &&usize| {
            let kid = &self.nodes[**kid];
            kid.role == Role::Attached && kid.slot == slot.name
        };
        let index = self.nodes[host].kids.iter().rev().find(alike).map_or(0, |k| self.nodes[*k].index + 1);
        let assigned = self.assigned(scope.base, assigns, &scope.indices, component)?;
        let of = self.set.require_type(&component.component_type)?;
        if let Some((name, _)) = assigned.iter().find(|(name, _)| {
            !of.properties.iter().any(|p| p.name == *name) && !of.parameters.iter().any(|p| p.name == *name)
        }) {
            // The reference implementation lets it pass; nothing reads it.
            if *name != "weight" {
                let message = format!("a {} has no property '{name}'", of.name);
                return Err(Error::new(ErrorKind::Name, message));
            }
        }
        let role = Role::Attached;
        self.grow(Waiting { component, role, slot: &slot.name, index, parent: Some(host), assigned })
    }

    /// The instance that `name` stands for in a statement: what `With` or `ForEach` called so, or a path.
    fn named(&self, scope: &Scope<'a>, name: &str) -> Result<Option<usize>> {
        match scope.names.iter().rev().find(|(known, _)| *known == name) {
            Some((_, found)) => Ok(*found),
            None => self.instance(scope.base, name),
        }
    }

    /// The instance that the path `name` leads to from `base`, or that the attribute `name` holds a path
    /// to; `None` if it lies outside.
    fn instance(&self, base: usize, name: &str) -> Result<Option<usize>> {
        let Some(path) = self.text(base, name) else {
            let of = self.nodes[base].of;
            if of.paths.iter().any(|path| path == name) {
                return Err(Error::new(ErrorKind::Name, format!("'{name}' is missing")));
            }
            return self.inside(base, name);
        };
        // What an attribute holds is seen from the parent, unless it says otherwise.
        let from = match self.nodes[base].parent {
            Some(parent) if !is_own(path) => parent,
            _ => base,
        };
        match self.inside(from, path) {
            Ok(found) => Ok(found),
            Err(error) => match self.inside(base, path) {
                Ok(Some(found)) => Ok(Some(found)),
                _ => Err(error),
            },
        }
    }

    fn inside(&self, from: usize, path: &str) -> Result<Option<usize>> {
        let up = steps(path).iter().take_while(|step| matches!(**step, ".." | "parent")).count();
        if self.above(from).nth(up).is_none() {
            return Ok(None);
        }
        self.find(from, path).map(Some)
    }

    /// What the attribute `path` of the instance `base` says, or with `../` before it that of a parent.
    fn text(&self, base: usize, path: &str) -> Option<&'a str> {
        let all = steps(path);
        let (name, way) = all.split_last()?;
        let mut node = base;
        for step in way {
            node = match *step {
                ".." | "parent" => self.nodes[node].parent?,
                "." | "this" => node,
                _ => return None,
            };
        }
        attribute(self.nodes[node].component, name).filter(|_| *name != "id")
    }

    /// The instances that `path` names for a `ForEach`: the items of a list, or what it leads to.
    fn instances(&self, base: usize, path: &str) -> Result<Vec<usize>> {
        let path = self.text(base, path).unwrap_or(path);
        let all = steps(path);
        let first = all.first().copied().unwrap_or_default();
        // The first enclosing instance that has what the path begins with.
        let from = match first {
            ".." | "." | "this" | "parent" | "" => Some(base),
            _ => self.above(base).find(|at| self.has(*at, first)),
        };
        let Some(from) = from else {
            // A list that is there and empty.
            if let Ok(found) = self.step(&[base], first) {
                return Ok(found);
            }
            return Err(Error::new(ErrorKind::Name, format!("'{path}' names nothing")));
        };
        let mut at = vec![from];
        for step in all {
            at = self.step(&at, step)?;
        }
        match at.as_slice() {
            [one] if !path.ends_with(']') => {
                let items = self.items(*one);
                let is_list = self.nodes[*one].of.structure.statements.iter().any(|statement| {
                    matches!(statement.build, Build::MultiInstantiate { .. } | Build::Choose(_))
                });
                Ok(if is_list || !items.is_empty() { items } else { at })
            }
            _ => Ok(at),
        }
    }

    /// Item `index` of the list `list`: names of attributes of `base` or of what encloses it.
    fn item(&self, base: usize, list: &str, index: &str) -> Result<usize> {
        let path = self.above(base).find_map(|at| self.text(at, list)).unwrap_or(list);
        let number = match index.parse::<f64>() {
            Ok(number) => number,
            Err(_) => self.value(base, index)?.ok_or_else(|| {
                Error::new(ErrorKind::Name, format!("index=\"{index}\": there is no index '{index}'"))
            })?,
        };
        let items = self.instances(base, path)?;
        let item = (number >= 0.0 && number.fract() == 0.0).then(|| items.get(number as usize)).flatten();
        item.copied().ok_or_else(|| {
            let message = format!("'{path}' has {} instances, and none of number {number}", items.len());
            Error::new(ErrorKind::Name, message)
        })
    }

    /// The port that a connection asks for: the value of the text `name`, or the name itself; `None` for
    /// the first.
    fn port_name(&self, base: usize, name: Option<&'a str>) -> Option<&'a str> {
        let name = name?;
        match self.text(base, name) {
            Some(port) => Some(port).filter(|port| !port.is_empty()),
            None if self.nodes[base].of.texts.iter().any(|text| text == name) => None,
            // A connection of NeuroML names texts that some of its types do not have.
            None if matches!(name, "sourcePort" | "targetPort") => None,
            None => Some(name),
        }
    }

    /// The port `name` of an instance, or its first of that direction.
    fn port(&self, node: usize, name: Option<&str>, direction: Direction) -> Result<&'a str> {
        let of = self.nodes[node].of;
        let mut ports = of.event_ports.iter().filter(|p| p.direction == direction);
        let way = if direction == Direction::In { "receives" } else { "sends" };
        let found = match name {
            Some(name) => ports.find(|p| p.name == name),
            None => ports.next(),
        };
        found.map(|port| port.name.as_str()).ok_or_else(|| {
            let message = match name {
                Some(name) => format!("a {} has no port '{name}' that {way}", of.name),
                None => format!("a {} has no port that {way}", of.name),
            };
            let error = Error::new(ErrorKind::Name, message);
            let known = of.event_ports.iter().filter(|p| p.direction == direction);
            match name.and_then(|name| crate::error::nearest(name, known.map(|p| p.name.as_str()))) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            }
        })
    }
}

/// Whether a path says itself that it begins at the component that holds it.
fn is_own(path: &str) -> bool {
    path.starts_with("./") || matches!(path, "this" | "parent" | "." | "..")
}
