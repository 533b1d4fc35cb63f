//! What the broker says of a message that it dead-lettered itself, in its header `x-death`.

use super::envelope::{number, text};
use lapin::{BasicProperties, types::AMQPValue};

/// The broker's words about the latest death of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Death {
    /// For instance `delivery_limit`; empty when the broker says nothing.
    pub reason: String,
    /// Unix milliseconds.
    pub at_ms: i64,
}

impl Death {
    /// Reads what is there; a missing or mistyped part gives its empty value.
    pub(crate) fn read(properties: &BasicProperties) -> Self {
        let headers = properties.headers().as_ref();
        let latest = headers.and_then(|headers| match headers.inner().get("x-death")? {
            AMQPValue::FieldArray(deaths) => match deaths.as_slice().first()? {
                AMQPValue::FieldTable(death) => Some(death),
                _ => None,
            },
            _ => None,
        });
        let Some(death) = latest else {
            return Self::default();
        };
        Self {
            reason: text(death, "reason").unwrap_or_default(),
            at_ms: number(death, "time").unwrap_or(0).saturating_mul(1_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapin::types::{FieldArray, FieldTable};

    #[test]
    fn the_latest_death_is_read() {
        let mut death = FieldTable::default();
        death.insert("reason".into(), AMQPValue::LongString("delivery_limit".into()));
        death.insert("time".into(), AMQPValue::Timestamp(1_700_000_000));
        let mut headers = FieldTable::default();
        headers.insert(
            "x-death".into(),
            AMQPValue::FieldArray(FieldArray::from(vec![AMQPValue::FieldTable(death)])),
        );
        let death = Death::read(&BasicProperties::default().with_headers(headers));
        assert_eq!(
            (death.reason.as_str(), death.at_ms),
            ("delivery_limit", 1_700_000_000_000)
        );
        assert_eq!(Death::read(&BasicProperties::default()), Death::default());
    }
}
