//! The 14 cells that a customer must produce, written out by hand from the seed mapping's meaning (docs/okki-api.md §5,
//! docs/mapping-language.md §8.1). It shares no code with the product: what the judge compares with must not inherit
//! the product's mistakes.
//!
//! Cleaning comes first and applies to every text: control characters other than line feed and tab are dropped, then
//! white space (Unicode) is trimmed from both ends.

use super::customer::{Customer, Loose};

/// Captions of the cells, in the order of the seed mapping.
pub const LABELS: [&str; 14] = [
    "客户公司名称",
    "简称",
    "国家地区",
    "客户来源",
    "客户标签",
    "客户分组",
    "客户阶段",
    "客户星级",
    "公海分组",
    "座机",
    "年采购额",
    "昵称",
    "电子邮件",
    "联系电话",
];

/// The seed's texts for 年采购额; code 10 carries the text that the vendor gives to 11, and 11 is missing. The seed
/// is authoritative, also where it is odd.
const PROCUREMENT: [&str; 11] = [
    "无采购额",
    "0~1千美元",
    "1千~5千美元",
    "5千美元~1万美元",
    "1万~3万美元",
    "3万~5万美元",
    "5~10万美元",
    "10万~30万美元",
    "30万~50万美元",
    "50~100万美元",
    "500万美元以上",
];

/// One customer's cells; an empty text is an empty cell.
pub type Cells = [String; 14];

/// What the pipeline does to every text value before it maps.
pub(super) fn clean(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    kept.trim().to_owned()
}

/// The cells the form must show for this customer.
pub(super) fn cells(customer: &Customer) -> Cells {
    let contact = customer
        .contacts
        .iter()
        .find(|c| c.main)
        .or(customer.contacts.first());
    let contact_text = |pick: fn(&super::customer::Contact) -> Option<&String>| {
        contact.and_then(pick).map(|t| clean(t)).unwrap_or_default()
    };
    [
        clean(&customer.name),
        clean(&customer.short_name),
        clean(&customer.country_name),
        source(&customer.origin, &customer.origin_list),
        tags(&customer.tags),
        clean(customer.group.as_deref().unwrap_or_default()),
        clean(customer.stage.as_deref().unwrap_or_default()),
        format!("{}星", customer.star.as_ref().map(loose).unwrap_or_default()),
        clean(&customer.pool_name),
        phone(customer.tel.as_ref()),
        procurement(customer.annual_procurement.as_ref()),
        contact_text(|c| c.name.as_ref()),
        contact_text(|c| c.email.as_ref()),
        phone(contact.and_then(|c| c.phones.first())),
    ]
}

fn loose(value: &Loose) -> String {
    match value {
        Loose::Int(number) => number.to_string(),
        Loose::Text(text) => clean(text),
    }
}

/// Two fields are called 客户来源: the text counts where it says something, else the list, whose form in a cell is its JSON.
fn source(origin: &str, origin_list: &[String]) -> String {
    let (text, list) = (
        clean(origin),
        origin_list.iter().map(|o| clean(o)).collect::<Vec<_>>(),
    );
    if !text.is_empty() || list.iter().all(String::is_empty) {
        return text;
    }
    let list = serde_json::Value::from(list);
    list.to_string()
}

/// Four at most; the highest non-empty position decides how many are joined, empty ones in between included.
fn tags(tags: &[String]) -> String {
    let tag = |i: usize| tags.get(i).map(|t| clean(t)).unwrap_or_default();
    let last = (1..4).rev().find(|i| !tag(*i).is_empty()).unwrap_or(0);
    (0..=last).map(tag).collect::<Vec<_>>().join("、")
}

fn phone(pair: Option<&(Loose, Loose)>) -> String {
    let Some((area, number)) = pair else {
        return String::new();
    };
    let (area, number) = (loose(area), loose(number));
    if area.is_empty() || number.is_empty() {
        number
    } else {
        format!("{area}-{number}")
    }
}

/// Compared as numbers; what is empty, missing, no number or unknown gives the ELSE value, which is empty.
fn procurement(code: Option<&Loose>) -> String {
    let number = match code {
        Some(Loose::Int(number)) => Some(*number),
        Some(Loose::Text(text)) => clean(text).parse().ok(),
        None => None,
    };
    let label = number
        .and_then(|n| usize::try_from(n).ok())
        .and_then(|n| PROCUREMENT.get(n));
    label.copied().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::customer::Contact;

    fn text(t: &str) -> Loose {
        Loose::Text(t.into())
    }

    fn tagged(names: &[&str]) -> String {
        tags(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn tags_follow_c5() {
        assert_eq!(tagged(&[]), "");
        assert_eq!(tagged(&["A"]), "A");
        assert_eq!(tagged(&["A", "B", "C", "D", "E"]), "A、B、C、D");
        assert_eq!(tagged(&["A", "", "C"]), "A、、C");
        assert_eq!(tagged(&["O'Neil"]), "O'Neil");
        assert_eq!(tagged(&["A", " "]), "A");
    }

    #[test]
    fn a_text_wins_over_a_list_and_a_list_over_nothing() {
        let list = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(source(" 展会 ", &list(&["a"])), "展会");
        assert_eq!(source("", &list(&["Google", " 展会"])), r#"["Google","展会"]"#);
        assert_eq!(source(" ", &list(&[])), "");
        assert_eq!(source("", &list(&[" "])), "");
    }

    #[test]
    fn phones_follow_c10_and_c14() {
        let show = |a: &str, n: &str| phone(Some(&(text(a), text(n))));
        assert_eq!(show("86", "5550"), "86-5550");
        assert_eq!(show("", "5550"), "5550");
        assert_eq!(show("86", ""), "");
        assert_eq!(show("0", "555"), "0-555");
        assert_eq!(
            phone(Some(&(Loose::Int(48), text("343 8320442")))),
            "48-343 8320442"
        );
        assert_eq!(phone(None), "");
    }

    #[test]
    fn procurement_follows_c11() {
        assert_eq!(procurement(Some(&Loose::Int(0))), "无采购额");
        assert_eq!(procurement(Some(&text("10"))), "500万美元以上");
        assert_eq!(procurement(Some(&text("01"))), "0~1千美元");
        for nothing in [
            Some(&Loose::Int(11)),
            Some(&Loose::Int(-1)),
            Some(&text("")),
            Some(&text("无采购额")),
            None,
        ] {
            assert_eq!(procurement(nothing), "");
        }
    }

    #[test]
    fn star_and_contacts_follow_c8_c12_c13() {
        let mut customer = crate::simulator::generate::generate(1, 1, 0);
        let contact = |name: &str, main| Contact {
            name: Some(name.into()),
            email: None,
            phones: vec![],
            main,
        };
        customer.contacts = vec![contact("first", false), contact("second", true)];
        customer.star = None;
        let shown = cells(&customer);
        assert_eq!(
            (shown[7].as_str(), shown[11].as_str(), shown[12].as_str()),
            ("星", "second", "")
        );
        customer.contacts[1].main = false;
        customer.star = Some(Loose::Int(3));
        let shown = cells(&customer);
        assert_eq!((shown[7].as_str(), shown[11].as_str()), ("3星", "first"));
    }

    #[test]
    fn cleaning_drops_controls_and_trims() {
        assert_eq!(clean("\u{0} \u{3000}a\r\nb\tc\u{7} "), "a\nb\tc");
    }
}
