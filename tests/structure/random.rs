//! Random nests of containers have as many cells and connections as a naive count says.

use proptest::prelude::*;

use super::network;

/// A container: lists of cells, patterns between two of its lists, containers within.
#[derive(Debug, Clone)]
struct Nest {
    lists: Vec<usize>,
    /// Source and target list and the rule.
    patterns: Vec<(usize, usize, Rule)>,
    within: Vec<Nest>,
}

#[derive(Debug, Clone, Copy)]
enum Rule {
    /// Every cell of one with every of the other.
    All,
    /// Those of the same number.
    Same,
    /// Those of which the first's number is below the second's.
    Below,
    /// The cell of a number in each, if both have one.
    One(usize, usize),
}

impl Nest {
    fn cells(&self) -> usize {
        self.lists.iter().sum::<usize>() + self.within.iter().map(Nest::cells).sum::<usize>()
    }

    fn connections(&self) -> usize {
        let mut count = self.within.iter().map(Nest::connections).sum();
        for (from, to, rule) in self.sound_patterns() {
            for a in 0..self.lists[from] {
                for b in 0..self.lists[to] {
                    count += usize::from(match rule {
                        Rule::All => true,
                        Rule::Same => a == b,
                        Rule::Below => a < b,
                        Rule::One(i, j) => (a, b) == (i, j),
                    });
                }
            }
        }
        count
    }

    /// Patterns between lists that there are.
    fn sound_patterns(&self) -> impl Iterator<Item = (usize, usize, Rule)> + '_ {
        let count = self.lists.len();
        self.patterns
            .iter()
            .filter(move |_| count > 0)
            .map(move |(a, b, rule)| (a % count, b % count, *rule))
            .filter(|(a, b, rule)| match rule {
                Rule::One(i, j) => *i < self.lists[*a] && *j < self.lists[*b],
                _ => true,
            })
    }

    fn write(&self, id: &str, out: &mut String) {
        out.push_str(&format!("<nest id=\"{id}\">"));
        for (number, size) in self.lists.iter().enumerate() {
            out.push_str(&format!("<list id=\"l{number}\" of=\"unit\" size=\"{size}\"/>"));
        }
        for (from, to, rule) in self.sound_patterns() {
            let ends = format!("from=\"l{from}\" to=\"l{to}\"");
            match rule {
                Rule::All => out.push_str(&format!("<pattern {ends} kind=\"0\"/>")),
                Rule::Same => out.push_str(&format!("<pattern {ends} kind=\"1\"/>")),
                Rule::Below => out.push_str(&format!("<pattern {ends} kind=\"2\"/>")),
                Rule::One(i, j) => out.push_str(&format!("<one {ends} i=\"{i}\" j=\"{j}\"/>")),
            }
        }
        for (number, nest) in self.within.iter().enumerate() {
            nest.write(&format!("n{number}"), out);
        }
        out.push_str("</nest>");
    }
}

const TYPES: &str = r#"
  <ComponentType name="unit_type">
    <EventPort name="in" direction="in"/><EventPort name="out" direction="out"/>
    <Exposure name="n" dimension="none"/>
    <Dynamics>
      <StateVariable name="n" dimension="none" exposure="n"/>
      <OnEvent port="in"><StateAssignment variable="n" value="n + 1"/></OnEvent>
      <OnCondition test="n .gt. 3"><StateAssignment variable="n" value="0"/><EventOut port="out"/></OnCondition>
    </Dynamics>
  </ComponentType>
  <unit_type id="unit"/>
  <ComponentType name="list">
    <ComponentReference name="of" type="unit_type"/><Parameter name="size" dimension="none"/>
    <Structure><MultiInstantiate component="of" number="size"/></Structure>
  </ComponentType>
  <ComponentType name="pattern">
    <Link name="from" type="list"/><Link name="to" type="list"/><Parameter name="kind" dimension="none"/>
    <Structure>
      <ForEach instances="from" as="a">
        <ForEach instances="to" as="b">
          <Choose>
            <When test="kind .eq. 0"><EventConnection from="a" to="b"/></When>
            <When test="kind .eq. 1"><If test="a .eq. b"><EventConnection from="a" to="b"/></If></When>
            <When test="kind .eq. 2"><If test="a .lt. b"><EventConnection from="a" to="b"/></If></When>
          </Choose>
        </ForEach>
      </ForEach>
    </Structure>
  </ComponentType>
  <ComponentType name="one">
    <Link name="from" type="list"/><Link name="to" type="list"/>
    <IndexParameter name="i"/><IndexParameter name="j"/>
    <Structure>
      <With list="from" index="i" as="a"/><With list="to" index="j" as="b"/>
      <EventConnection from="a" to="b"/>
    </Structure>
  </ComponentType>
  <ComponentType name="nest">
    <Children name="lists" type="list"/><Children name="patterns" type="pattern"/>
    <Children name="ones" type="one"/><Children name="nests" type="nest"/>
  </ComponentType>
"#;

fn nests() -> impl Strategy<Value = Nest> {
    let rule = prop_oneof![
        Just(Rule::All),
        Just(Rule::Same),
        Just(Rule::Below),
        (0usize..6, 0usize..6).prop_map(|(i, j)| Rule::One(i, j))
    ];
    let lists = prop::collection::vec(0usize..6, 0..4);
    let patterns = prop::collection::vec((0usize..4, 0usize..4, rule), 0..4);
    let leaf = (lists.clone(), patterns.clone()).prop_map(|(lists, patterns)| Nest {
        lists,
        patterns,
        within: Vec::new(),
    });
    leaf.prop_recursive(3, 12, 3, move |inner| {
        (lists.clone(), patterns.clone(), prop::collection::vec(inner, 0..3))
            .prop_map(|(lists, patterns, within)| Nest { lists, patterns, within })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_are_those_of_a_naive_count(nest in nests()) {
        let mut body = TYPES.to_string();
        nest.write("top", &mut body);
        prop_assume!(nest.cells() > 0);
        let network = network(&body, "top");
        let cells: usize = network.model.populations.iter().map(|p| p.size).sum();
        prop_assert_eq!(cells, nest.cells());
        // A cell that sends to itself at once does so within its own equations.
        prop_assert_eq!(network.model.connections.len(), nest.connections() - own(&nest));
        for connection in &network.model.connections {
            let (population, cell) = connection.target;
            prop_assert!(cell < network.model.populations[population].size);
        }
    }
}

/// How many connections lead from a cell to itself.
fn own(nest: &Nest) -> usize {
    let mut count = nest.within.iter().map(own).sum();
    for (from, to, rule) in nest.sound_patterns().filter(|(from, to, _)| from == to) {
        count += match rule {
            Rule::All | Rule::Same => nest.lists[from].min(nest.lists[to]),
            Rule::Below => 0,
            Rule::One(i, j) => usize::from(i == j),
        };
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutilated_structures_are_elaborated_or_refused(
        at in any::<prop::sample::Index>(),
        new in prop_oneof!["\\PC{0,12}", "[a-z0-9./*+\\[\\]=]{0,8}", Just("..".to_string()), Just("this".to_string())],
        nest in nests(),
    ) {
        let mut text = format!("<Lems>{TYPES}");
        nest.write("top", &mut text);
        text.push_str("</Lems>");
        let quotes: Vec<usize> = text.match_indices('"').map(|(i, _)| i).collect();
        let pair = at.index(quotes.len() / 2) * 2;
        let new = new.replace(['<', '&', '"'], "'");
        let changed = format!("{}{new}{}", &text[..=quotes[pair]], &text[quotes[pair + 1]..]);
        let mut set = neuropil::lems::Set::new();
        if set.read_str(&changed, "odd.xml", &neuropil::lems::NoIncludes).is_ok() {
            for component in set.components() {
                let _ = neuropil::neuroml::structure::elaborate(&set, component);
            }
        }
    }
}

#[test]
fn large_networks_take_no_more_than_their_size() {
    // Each of many connections names its two cells by a path.
    let size = 20_000;
    let mut body = format!(
        r#"{TYPES}<ComponentType name="cable"><Path name="from"/><Path name="to"/><Structure>
             <With instance="from" as="a"/><With instance="to" as="b"/><EventConnection from="a" to="b"/>
           </Structure></ComponentType>
           <ComponentType name="net"><Children name="lists" type="list"/><Children name="cables" type="cable"/></ComponentType>
           <net id="n"><list id="l" of="unit" size="{size}"/>"#
    );
    for i in 1..size {
        body.push_str(&format!("<cable from=\"l[{}]\" to=\"l[{i}]\"/>", i - 1));
    }
    body.push_str("</net>");
    let start = std::time::Instant::now();
    let network = network(&body, "n");
    assert_eq!(network.model.connections.len(), size - 1);
    assert_eq!(network.model.connections[777].target, (0, 778));
    // Looking through all cells for each would take minutes.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
