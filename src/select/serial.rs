//! Selections and fields in data files: as their text.

use std::fmt::{self, Formatter};

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{Field, Points, Region, Selection};
use crate::units::Dimension;

macro_rules! as_text {
    ($($kind:ty),*) => {$(
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$kind, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_text!(Region, Points, Selection);

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From a text, a plain number, or a list of these.
impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity such as \"0.12 S/cm2\", a value over space, or a list of these")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Field, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, x: f64) -> Result<Field, E> {
        if x.is_finite() {
            Ok(Field::constant(x, Dimension::NONE))
        } else {
            Err(E::custom(format!("{x} is not a finite number")))
        }
    }

    fn visit_i64<E: serde::de::Error>(self, x: i64) -> Result<Field, E> {
        self.visit_f64(x as f64)
    }

    fn visit_u64<E: serde::de::Error>(self, x: u64) -> Result<Field, E> {
        self.visit_f64(x as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = list.next_element::<Field>()? {
            fields.push(field);
        }
        Field::overlay(fields).map_err(A::Error::custom)
    }
}
