//! What the library holds, for lists and for finding things by name.

use std::sync::OnceLock;

use super::files::COMPONENTS;
use super::{name_of, set};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::lems::{Component, Set};
use crate::units::{Dimension, parse_quantity};

/// What sort of thing an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An ion channel.
    IonChannel,
    /// A model of an ion's concentration.
    Pool,
    /// A synapse, a receptor or a gap junction.
    Synapse,
    /// What a connection does to its weight.
    Plasticity,
    /// A current, a clamp or a spike train.
    Stimulus,
    /// A point neuron.
    Neuron,
}

impl Kind {
    /// All kinds, in the order of lists.
    pub const ALL: [Kind; 6] =
        [Kind::IonChannel, Kind::Pool, Kind::Synapse, Kind::Plasticity, Kind::Stimulus, Kind::Neuron];

    /// The heading of a list of them.
    pub fn heading(self) -> &'static str {
        match self {
            Kind::IonChannel => "ion channels",
            Kind::Pool => "calcium pools",
            Kind::Synapse => "synapses and receptors",
            Kind::Plasticity => "plasticity of connections",
            Kind::Stimulus => "stimuli",
            Kind::Neuron => "point neurons",
        }
    }

    /// What a component of type `component_type` is; `None` if it is none of these.
    pub fn of(set: &Set, component_type: &str) -> Option<Kind> {
        let is = |base| set.is_a(component_type, base);
        if is("baseIonChannel") {
            Some(Kind::IonChannel)
        } else if is("concentrationModel") {
            Some(Kind::Pool)
        } else if is("baseSynapse") || is("baseSynapseDL") {
            Some(Kind::Synapse)
        } else if is("basePlasticConnection") {
            Some(Kind::Plasticity)
        } else if is("baseCell") {
            Some(Kind::Neuron)
        } else if is("basePointCurrent") || is("basePointCurrentDL") || is("baseSpikeSource") {
            Some(Kind::Stimulus)
        } else {
            None
        }
    }
}

/// A component of the library, or of a user's file, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id: what experiment files call it.
    pub name: String,
    /// What sort of thing it is.
    pub kind: Kind,
    /// One line on what it is; empty when its author gave none.
    pub summary: String,
    /// Paper, and equation or figure, in short.
    pub source: String,
    /// The temperature that its kinetics were measured at, as written; empty when it has none.
    pub temperature: String,
    /// The ion that a channel lets through, `None` for a mixture and for what is no channel.
    pub ion: Option<String>,
    /// The usual reversal potential of a channel, V.
    pub reversal: Option<f64>,
    /// Gates of a channel with their instances: `m` 3, `h` 1.
    pub gates: Vec<(String, f64)>,
    /// Its notes in full.
    pub notes: String,
    /// Other names that models in use have for it.
    pub aliases: Vec<String>,
}

impl Entry {
    /// The words of a component; `None` for one that is no channel, pool, synapse, stimulus or neuron.
    pub fn of(set: &Set, component: &Component) -> Option<Entry> {
        let kind = Kind::of(set, &component.component_type)?;
        let tag =
            |name: &str| component.tags.iter().find(|(tag, _)| tag == name).map(|(_, value)| value.clone());
        let gates = component
            .in_slot("gates")
            .map(|gate| (gate.id.clone().unwrap_or_default(), gate.parameter("instances").unwrap_or(1.0)));
        let ion = component.text("species").filter(|_| kind == Kind::IonChannel);
        Some(Entry {
            name: component.id.clone()?,
            kind,
            summary: tag("summary").unwrap_or_default(),
            source: tag("source").unwrap_or_default(),
            temperature: tag("temperature").unwrap_or_default(),
            ion: ion.filter(|ion| *ion != "non_specific").map(str::to_string),
            reversal: default_reversal(component),
            gates: gates.collect(),
            notes: component.notes.clone(),
            aliases: component
                .tags
                .iter()
                .filter(|(tag, _)| tag == "alias")
                .map(|(_, value)| value.clone())
                .collect(),
        })
    }

    /// The text of its file in the library; `None` for a component of the user.
    pub fn text(&self) -> Option<&'static str> {
        let file = format!("{}.xml", self.name);
        COMPONENTS.iter().find(|known| name_of(known.path) == file).map(|known| known.text)
    }
}

/// The usual reversal potential of a channel, V: its `default_erev` tag. A model that uses it says so,
/// since the solutions of every experiment differ.
pub fn default_reversal(channel: &Component) -> Option<f64> {
    let (_, written) = channel.tags.iter().find(|(tag, _)| tag == "default_erev")?;
    let quantity = parse_quantity(written).ok()?;
    (quantity.dimension == Dimension::VOLTAGE).then_some(quantity.si)
}

/// All entries of the library, by kind, in the order of its list.
///
/// # Errors
/// As [`set`].
pub fn entries() -> Result<&'static [Entry]> {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    let set = set()?;
    let entries = ENTRIES.get_or_init(|| {
        let mut entries: Vec<Entry> = set.components().filter_map(|c| Entry::of(set, c)).collect();
        entries.sort_by_key(|entry| entry.kind);
        entries
    });
    Ok(entries)
}

/// The entry `name` of the library, found also by another name that models in use have for it.
///
/// # Errors
/// If there is none, with the nearest name.
pub fn entry(name: &str) -> Result<&'static Entry> {
    let entries = entries()?;
    let found = entries
        .iter()
        .find(|entry| entry.name == name)
        .or_else(|| entries.iter().find(|entry| entry.aliases.iter().any(|alias| alias == name)));
    found.ok_or_else(|| {
        let error = Error::new(ErrorKind::Name, format!("nothing in the library is called '{name}'"));
        let aliases = entries.iter().flat_map(|e| e.aliases.iter().map(move |alias| (alias.as_str(), e)));
        let names = entries.iter().map(|e| (e.name.as_str(), e)).chain(aliases);
        let known: Vec<(&str, &Entry)> = names.collect();
        match nearest(name, known.iter().map(|(known, _)| *known)) {
            Some(near) => {
                let meant = known.iter().find(|(known, _)| *known == near).map_or(near, |(_, e)| &e.name);
                error.help(format!("did you mean '{meant}'?"))
            }
            None => error.help("`neuropil channels` lists what there is"),
        }
    })
}
