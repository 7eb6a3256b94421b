//! Programs of well-known membranes.

use std::sync::Arc;

use super::membrane::{Mechanism, MembranePlan};
use crate::dynamics::advance::Order;
use crate::lems::Element;
use crate::library;
use crate::vm::Code;

fn ohmic(channel: &str, g: &str, e: &str) -> Mechanism {
    let set = library::set().expect("the library");
    let element = Element::new("channelDensity")
        .with("id", "density")
        .with("ionChannel", channel)
        .with("condDensity", g)
        .with("erev", e);
    let dynamics = set.flatten(&set.build(&element).expect("a component")).expect("flat dynamics");
    Mechanism {
        name: channel.into(),
        dynamics: Arc::new(dynamics),
        ion: None,
        is_pool: false,
        varying: Vec::new(),
        partial: false,
    }
}

#[test]
fn the_squid_axon_takes_twenty_operations_and_no_plain_exponential_twice() {
    let mechanisms = vec![
        ohmic("na", "0.12 S_per_cm2", "50 mV"),
        ohmic("kdr", "0.036 S_per_cm2", "-77 mV"),
        ohmic("pas", "0.3 mS_per_cm2", "-54.3 mV"),
    ];
    let plan = MembranePlan { mechanisms, temperature_k: 279.45, step_s: 25e-6, in_place: true };
    let programs = plan.programs(Order::First).expect("programs");
    let ops = &programs.step.program.ops;
    let count = |code: Code| ops.iter().filter(|op| op.code == code).count();
    assert_eq!(count(Code::GateRates), 3, "{}", programs.step.program);
    assert_eq!(count(Code::ExpRel), 2, "{}", programs.step.program);
    assert_eq!(count(Code::Sigmoid), 1, "{}", programs.step.program);
    assert_eq!(count(Code::Exp), 3, "{}", programs.step.program);
    assert_eq!(count(Code::Div) + count(Code::PDiv) + count(Code::Select), 0, "{}", programs.step.program);
    assert!(ops.len() <= 20, "{} operations:\n{}", ops.len(), programs.step.program);
    assert!(!programs.constant_conductance);
}

#[test]
fn a_passive_membrane_has_constant_conductance() {
    let plan = MembranePlan {
        mechanisms: vec![ohmic("pas", "0.3 mS_per_cm2", "-54.3 mV")],
        temperature_k: 279.45,
        step_s: 25e-6,
        in_place: true,
    };
    let programs = plan.programs(Order::First).expect("programs");
    assert!(programs.constant_conductance);
    assert!(programs.step.program.ops.len() <= 4, "{}", programs.step.program);
}
