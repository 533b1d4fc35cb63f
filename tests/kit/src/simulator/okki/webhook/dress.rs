//! How a push looks: sealed and signed as documented, or otherwise.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use serde_json::{Value, json};

use super::Shipment;
use crate::simulator::settings::{OkkiSettings, PushForm};

/// A push as it is sent.
pub(super) struct Dressed {
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// The base64 of 32 bytes.
pub(super) fn secret(number: u64) -> String {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    STANDARD.encode(bytes)
}

pub(super) fn dress(settings: &OkkiSettings, shipment: &Shipment, forged: bool) -> Dressed {
    let secret = match forged {
        true => secret(u64::MAX),
        false => shipment.secret.clone(),
    };
    let Shipment {
        event, data, number, ..
    } = shipment;
    let id = format!("msg_{number:x}");
    let inner = json!({"biz": [{"biz_type": event, "biz_data": data}]});
    let mut headers = vec![("content-type", "application/json".to_owned())];
    let body = match settings.webhooks.form {
        PushForm::Sealed => json!({"message_id": id, "data": seal(&inner.to_string(), &secret, *number)}),
        PushForm::Opened => json!({"message_id": id, "data": inner}),
        PushForm::Bare => {
            headers.push(("x-event", event.clone()));
            data.clone()
        }
        PushForm::Payload => json!({"event": event, "payload": data}),
        PushForm::List => json!([{"event": event, "data": as_text(data)}]),
    };
    let body = body.to_string();
    if settings.webhooks.signed {
        let time = "1758876283";
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{time}{body}").as_bytes());
        let hex = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        headers.extend([("x-timestamp", time.to_owned()), ("x-signature", hex)]);
    }
    Dressed { headers, body }
}

fn as_text(data: &Value) -> Value {
    let Value::Object(members) = data else {
        return data.clone();
    };
    let text = |value: &Value| {
        value
            .as_i64()
            .map_or_else(|| value.clone(), |id| id.to_string().into())
    };
    members
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// The nonce, the tag, the rest.
fn seal(text: &str, secret: &str, number: u64) -> String {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&number.to_be_bytes());
    let key = STANDARD.decode(secret).unwrap_or_default();
    let mut content = text.as_bytes().to_vec();
    let sealed = UnboundKey::new(&AES_256_GCM, &key).and_then(|key| {
        let nonce = Nonce::assume_unique_for_key(nonce);
        LessSafeKey::new(key).seal_in_place_separate_tag(nonce, Aad::empty(), &mut content)
    });
    let tag = sealed.map(|tag| tag.as_ref().to_vec()).unwrap_or_default();
    STANDARD.encode([nonce.as_slice(), &tag, &content].concat())
}
