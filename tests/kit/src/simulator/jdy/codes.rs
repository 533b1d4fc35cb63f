//! Jiandaoyun's error codes and texts (docs/jiandaoyun-api.md §3.2).

use serde_json::json;

use crate::simulator::reply::Reply;

/// HTTP 400 with `{"code", "msg"}`; an empty message takes the table's.
pub(crate) fn refuse(code: i64, message: &str) -> Reply {
    let text = if message.is_empty() { text(code) } else { message };
    Reply::json(400, &json!({"code": code, "msg": text})).with_code(code)
}

fn text(code: i64) -> &'static str {
    match code {
        1 => "Bad request.",
        1010 => "The member doesn't exist.",
        2004 => "The app doesn't exist.",
        3000 => "The form doesn't exist.",
        3005 | 17017 => "The request contains invalid parameter(s).",
        4000 => "Data submission failed.",
        4001 => "Data doesn't exist.",
        4012 => "The form is being edited in batch.",
        4815 => "The filter is invalid or too long.",
        7212 => "The monthly data volume is used up.",
        7221 => "The data added by API exceeds the limit.",
        8301 => "Failed to verify the API key for authorization.",
        8302 => "Do not have permission for the API calls.",
        8303 => "The call frequency of the company/team exceeds the frequency limit.",
        8304 => "The call frequency exceeds the frequency limit.",
        9004 => "Failed to create the queue task.",
        9007 => "Failed to obtain the lock.",
        17018 => "The API key is invalid.",
        17023 => "The batch update at one time exceeds the limit.",
        17024 => "The batch creation at one time exceeds the limit.",
        17025 => "The transaction_id is invalid.",
        17026 => "The transaction_id already exists.",
        17032 => "The field type is not supported.",
        17033 => "The batch deletion at one time exceeds the limit.",
        17034 => "The subform field type is not supported.",
        17052 => "The IP is not in the scope of the API key.",
        17053 => "The app is not in the scope of the API key.",
        17054 => "The API is not in the scope of the API key.",
        _ => "error",
    }
}
