//! The truth about one customer, before it is dressed up as an OKKI answer (`okki::info`) or as the cells that the
//! form must show (`expected`).

use serde::{Deserialize, Serialize};

/// A value that the CRM sends as a number one day and as text another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Loose {
    /// JSON number.
    Int(i64),
    /// JSON string.
    Text(String),
}

/// One contact of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// 昵称; `None` leaves the key out of the answer.
    pub name: Option<String>,
    /// E-mail; `None` leaves the key out of the answer.
    pub email: Option<String>,
    /// Area and number of each phone.
    pub phones: Vec<(Loose, Loose)>,
    /// `main_customer_flag`.
    pub main: bool,
}

/// One customer in one revision. `None` means: the field is missing from the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// 公司名称, never empty and unique after cleaning.
    pub name: String,
    /// 简称.
    pub short_name: String,
    /// Country code.
    pub country: String,
    /// Country as shown.
    pub country_name: String,
    /// 客户来源, the single select: the later one of the two fields with that name, so the one that counts.
    pub origin: String,
    /// 客户来源, the multi select that comes first in the group.
    pub origin_list: Vec<String>,
    /// Tag names in order.
    pub tags: Vec<String>,
    /// 客户分组 as shown.
    pub group: Option<String>,
    /// 客户阶段 as shown.
    pub stage: Option<String>,
    /// 客户星级.
    pub star: Option<Loose>,
    /// 公海分组.
    pub pool_name: String,
    /// 座机, area and number.
    pub tel: Option<(Loose, Loose)>,
    /// 年采购额 as code.
    pub annual_procurement: Option<Loose>,
    /// Contacts in the order of the answer.
    pub contacts: Vec<Contact>,
    /// Followed by somebody (私海), else in the pool (公海).
    pub private: bool,
    /// 公司备注, not mapped.
    pub remark: String,
    /// Next follow-up, often the vendor's "no date" of 1970.
    pub next_follow_up: String,
}

impl Customer {
    /// This customer with some fields replaced; the error names the field that does not fit.
    pub fn patched(&self, patch: &serde_json::Value) -> Result<Customer, serde_json::Error> {
        let mut merged = serde_json::to_value(self)?;
        if let (Some(into), Some(from)) = (merged.as_object_mut(), patch.as_object()) {
            for (field, value) in from {
                into.insert(field.clone(), value.clone());
            }
        }
        serde_json::from_value(merged)
    }
}
