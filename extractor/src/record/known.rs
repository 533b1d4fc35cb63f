//! What is personal somewhere in a folder and so is nowhere else in it, and the choices that the account offers.

use super::fields;
use std::{cell::RefCell, collections::HashMap, collections::HashSet};

/// Shorter texts are found in everything.
const SHORTEST: usize = 3;
/// What is shorter is looked for as a word of its own.
const SHORTEST_PART: usize = 5;
const SHORTEST_CHINESE: usize = 2;
const SHORTEST_NUMBER: usize = 7;
/// Long enough that no other number ends in it by chance.
const LONG_NUMBER: usize = 9;

/// What people write in the place of a name, and what the vendor calls its own fields and choices: none of it names anybody.
const COMMON: &str = "基本信息 特征信息 管理信息 联系信息 其他信息 公司名称 简称 客户来源 营业额 采购意向 年采购额 国家地区 规模 \
    主营产品 客户星级 客户分组 客户阶段 公司网址 座机 详细地址 传真 公司备注 未分组 公共公海分组 未知 无采购额 美元以上 经理 老板 \
    财务 销售 业务 业务员 先生 女士 小姐 总监 助理 部门 工程师 总经理 董事长 采购部 销售部 联系人 负责人 昵称 邮箱 电话 手机 \
    sales admin office service support purchasing purchase manager export import marketing account accounts customer \
    company contact hello mail enquiry inquiry unknown none null undefined test";

/// Values that were seen.
#[derive(Debug, Default)]
pub(crate) struct Known {
    people: HashSet<String>,
    numbers: HashSet<String>,
    choices: HashSet<String>,
    ids: HashSet<String>,
    /// Kept texts are few, and come in every answer.
    asked: RefCell<HashMap<String, bool>>,
}

impl Known {
    /// A name, an address, a contact.
    pub(crate) fn add_person(&mut self, text: &str) {
        let folded = fold(text);
        let local = folded.split_once('@').map(|(local, _)| local.to_owned());
        let names = local.into_iter().chain([folded]);
        self.people
            .extend(names.filter(|name| is_telling(name) && !is_common(name)));
        self.add_number(text);
    }

    /// A telephone number or the like.
    pub(crate) fn add_number(&mut self, text: &str) {
        let digits = digits(text);
        if digits.len() >= SHORTEST_NUMBER {
            self.numbers.insert(digits);
        }
    }

    /// A choice that the account's dictionary lists.
    pub(crate) fn add_choice(&mut self, text: &str) {
        self.choices.insert(fold(text));
    }

    /// What names a field or a record.
    pub(crate) fn add_id(&mut self, id: &str) {
        if id.bytes().all(|byte| byte.is_ascii_digit()) {
            self.ids.insert(id.to_owned());
        }
    }

    pub(crate) fn is_id(&self, text: &str) -> bool {
        self.ids.contains(text)
    }

    pub(crate) fn is_choice(&self, text: &str) -> bool {
        self.choices.contains(&fold(text))
    }

    /// Says whether a text that would stay names somebody.
    pub(crate) fn is_personal(&self, text: &str) -> bool {
        if let Some(known) = self.asked.borrow().get(text) {
            return *known;
        }
        let is_personal = self.find(text);
        self.asked.borrow_mut().insert(text.to_owned(), is_personal);
        is_personal
    }

    fn find(&self, text: &str) -> bool {
        let folded = fold(text);
        let number = digits(&folded);
        if self.is_number(&number) {
            return true;
        }
        // Numbers are ids and counts; names are not looked for in them.
        !folded.bytes().all(|byte| byte.is_ascii_digit())
            && self.people.iter().any(|person| names(&folded, person))
    }
}

impl Known {
    /// A number, with or without what comes before the subscriber's.
    fn is_number(&self, number: &str) -> bool {
        let is_same = |known: &String| known.len() >= LONG_NUMBER && number.ends_with(known.as_str());
        let is_part = |known: &String| number.len() >= LONG_NUMBER && known.ends_with(number);
        number.len() >= SHORTEST_NUMBER
            && (self.numbers.contains(number)
                || self.numbers.iter().any(|known| is_same(known) || is_part(known)))
    }
}

/// Says whether it is a word that would be found in the names of fields and choices.
fn is_common(name: &str) -> bool {
    let is_part = !name.is_ascii() && COMMON.contains(name);
    is_part || COMMON.split_whitespace().any(|common| common == name) || fields::is_field_name(name)
}

/// Says whether a person is named in a text.
fn names(text: &str, person: &str) -> bool {
    if person.len() >= SHORTEST_PART || !person.is_ascii() {
        return text.contains(person);
    }
    let is_part = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphanumeric());
    text.match_indices(person).any(|(at, found)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + found.len()..].chars().next())
    })
}

fn is_telling(text: &str) -> bool {
    let has_more = !text.is_ascii();
    text.chars().count() >= if has_more { SHORTEST_CHINESE } else { SHORTEST }
}

/// Width, case, and what stands around it do not matter.
fn fold(text: &str) -> String {
    let narrow = |char| match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(char as u32 - 0xfee0).unwrap_or(char),
        char => char,
    };
    let folded: String = text
        .chars()
        .filter(|char| !char.is_control())
        .map(narrow)
        .collect();
    folded.trim().to_lowercase()
}

fn digits(text: &str) -> String {
    fold(text).chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_found_in_whatever_form() {
        let mut known = Known::default();
        known.add_person(" Zhang.San@acme.com ");
        known.add_person("张三");
        known.add_number("+86 138-0013-8000");
        for text in [
            "ZHANG.SAN",
            "张三的公海",
            "ｚｈａｎｇ．ｓａｎ",
            "8613800138000",
            "13800138000",
            "x zhang.san@acme.com",
        ] {
            assert!(known.is_personal(text), "{text}");
            assert!(known.is_personal(text), "{text} again");
        }
        for text in ["李四", "公海", "1380013", "56657420000013", ""] {
            assert!(!known.is_personal(text), "{text}");
        }
    }

    #[test]
    fn what_is_too_short_to_tell_anybody_is_not_looked_for() {
        let mut known = Known::default();
        for short in ["Li", "无", "a", "", "12"] {
            known.add_person(short);
        }
        assert!(!known.is_personal("List of 无 and a 12"));
        for title in ["采购", "info@acme.example", "经理", "Name"] {
            known.add_person(title);
        }
        assert!(!known.is_personal("年采购额") && !known.is_personal("info_label"));
        known.add_person("Amy");
        assert!(known.is_personal("from AMY's") && !known.is_personal("pharmacamys"));
    }
}
