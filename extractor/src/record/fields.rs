//! What is known of OKKI's fields (docs/okki-api.md §5, §6): which of them say nothing about a person. Whatever is not
//! known here is replaced.

/// What may become of the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// An operator wants it as it is, with everything in it.
    Kept,
    /// A number or a short code stays, anything else does not.
    Code,
    /// A number that the account counts something with: a long one may be that of somebody.
    Amount,
    /// A time stays.
    Time,
    /// A choice that the vendor or the account's settings offer stays.
    Choice,
    /// A choice that stays if the account's dictionary lists it.
    Listed,
    /// A name that the account's settings give to a field, a group, a stage.
    Setting,
    /// The vendor's own words about the call.
    Message,
    /// Says who somebody is, wherever else it is found, too.
    Person,
    Phone,
    /// The first part of a telephone number.
    Area,
    /// A day of birth becomes another day.
    Birth,
    /// A field of the account's own: long numbers in it are no quantities.
    Own,
    /// Nothing is known of it: texts go, and so do long numbers.
    Unknown,
}

const CODES: &str = "code count disable_flag field_type info_value is_public layer main_customer_flag public_type \
    release_count require status_color totalItem type prefix order serial_id min max";

const CHOICES: &str = "biz_type country_name group_name info_label origin origin_list origin_name pool_name status_name \
    trail_status trail_status_name scale_id category_ids product_group_ids intention_level gender \
    star annual_procurement timezone currency country post_grade archive_type";

const LISTED: &str = "tag tag_name client_tag_list growth_level level_name category_name";

const TIMES: &str = "now date time update_time create_time edit_time order_time";

/// Staff by their numbers.
const USERS: &str = "last_owner create_user last_edit_user";

const MESSAGES: &str = "message msg error error_description hint";

/// Parts of names of fields that speak of people, in the languages of the vendor's users.
const PERSON: &str = "name mail user contact address nick url homepage website owner avatar skype linkedin facebook \
    twitter instagram sales 姓名 名称 邮箱 邮件 地址 网址 人 员 经理 昵称 职务 简称 主页";

const PHONE: &str = "tel phone mobile fax whatsapp wechat weixin viber id_card idcard passport 电话 手机 座机 传真 微信 身份证 护照 \
    号码";

/// Where people have accounts; ids there are names.
const ACCOUNTS: &str = "mail skype linkedin facebook twitter instagram qq tiktok youtube";

const BIRTH: &str = "birth 生日 出生";

/// The field of a detail by its member's name.
pub(crate) fn by_key(key: &str) -> Rule {
    let lower = key.to_ascii_lowercase();
    let is = |list: &str| is_in(list, key);
    let has = |list: &str| list.split(' ').any(|part| lower.contains(part));
    match () {
        () if is(CODES) => Rule::Code,
        () if is(CHOICES) => Rule::Choice,
        () if is(LISTED) => Rule::Listed,
        () if is(MESSAGES) => Rule::Message,
        () if has(BIRTH) => Rule::Birth,
        () if is(TIMES) || lower.ends_with("_time") || lower.ends_with("_date") => Rule::Time,
        () if is("tel_area_code area_code") => Rule::Area,
        () if has(PHONE) => Rule::Phone,
        () if has(ACCOUNTS) => Rule::Person,
        () if lower == "id" || lower.ends_with("_id") || lower.ends_with("_ids") => Rule::Code,
        () if is(USERS) => Rule::Code,
        () if has(PERSON) => Rule::Person,
        () => Rule::Unknown,
    }
}

/// The `value` of an entry of `company[].fields[]` or `external_field_data[]`.
pub(crate) fn by_entry(id: &str, caption: &str, field_type: &str) -> Rule {
    if !id.is_empty() && !is_number(id) {
        return match (id, by_key(id)) {
            ("remark", _) => Rule::Own,
            (
                "country" | "star" | "intention_level" | "annual_procurement" | "timezone" | "group_id"
                | "pool_id",
                _,
            ) => Rule::Choice,
            (_, Rule::Code) => Rule::Choice,
            (_, Rule::Unknown | Rule::Message) => by_type(caption, field_type),
            (_, rule) => rule,
        };
    }
    by_type(caption, field_type)
}

/// A field that the account has made.
fn by_type(caption: &str, field_type: &str) -> Rule {
    let lower = caption.to_lowercase();
    let has = |list: &str| list.split(' ').any(|part| lower.contains(part));
    match field_type {
        _ if has(BIRTH) => Rule::Birth,
        _ if has(PHONE) => Rule::Phone,
        "4" | "10" | "21" => Rule::Time,
        "5" | "13" => Rule::Amount,
        _ if has(PERSON) => Rule::Person,
        "3" | "7" | "17" | "18" => Rule::Listed,
        _ => Rule::Own,
    }
}

/// Says whether a dictionary's entry lists people.
pub(crate) fn lists_people(caption: &str) -> bool {
    let lower = caption.to_lowercase();
    "人 员 姓名 经理 owner user sales contact"
        .split(' ')
        .any(|part| lower.contains(part))
}

/// Members of OKKI's objects that are documented, or that answers were seen with.
const KEYS: &str = "data list now msg message error error_description hint totalItem company customers fields \
    homepage fax tel address remark tag owner lead contact gender birth post email star city \
    province country origin nickname avatar prefix layer node require options format description \
    site currency timezone mobile phone whatsapp wechat qq skype linkedin facebook twitter instagram \
    growth extra ext attributes";

/// Words that names of fields are made of.
const WORDS: &str = "id ids name names list info time date type status level code count flag num no number value \
    label color amount rate score url tel field fields group image file key index sort order state \
    stage pool region data detail grade unit title text note min max total size version category \
    hash public is";

/// Says whether a member's name is one that a programmer gave it, as far as that can be known.
pub(crate) fn is_field_name(key: &str) -> bool {
    let is_word = |word: &str| is_in(WORDS, word);
    let is_identifier = !key.is_empty()
        && key.len() <= 60
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !key.bytes().any(|byte| byte.is_ascii_digit());
    let is_place = key.len() <= 3 && is_number(key);
    let mut words = key.split('_');
    is_place
        || [KEYS, CODES, CHOICES, LISTED, TIMES, USERS]
            .iter()
            .any(|list| is_in(list, key))
        || (is_identifier
            && (words.clone().next_back().is_some_and(is_word) || words.next().is_some_and(is_word)))
}

fn is_in(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// Digits and nothing else.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_harmless() {
        for (key, rule) in [
            ("company_id", Rule::Code),
            ("update_time", Rule::Time),
            ("next_move_to_public_date", Rule::Time),
            ("trail_status_name", Rule::Choice),
            ("company_name", Rule::Person),
            ("email", Rule::Person),
            ("tel_list", Rule::Phone),
            ("whatsapp_no", Rule::Phone),
            ("birth", Rule::Birth),
            ("wechat_id", Rule::Phone),
            ("qq", Rule::Person),
            ("remark", Rule::Unknown),
            ("growth", Rule::Unknown),
            ("message", Rule::Message),
        ] {
            assert_eq!(by_key(key), rule, "{key}");
        }
    }

    #[test]
    fn entries_are_known_by_their_id_then_by_caption_and_type() {
        for (id, caption, field_type, rule) in [
            ("name", "公司名称", "1", Rule::Person),
            ("group_id", "客户分组", "3", Rule::Choice),
            ("star", "客户星级", "5", Rule::Choice),
            ("tel", "座机", "1", Rule::Phone),
            ("remark", "公司备注", "2", Rule::Own),
            ("13193448310389", "营业额", "2", Rule::Own),
            ("13193448310389", "成交日期", "4", Rule::Time),
            ("13193448310389", "数量", "5", Rule::Amount),
            ("13193448310389", "行业", "3", Rule::Listed),
            ("13193448310389", "业务员", "3", Rule::Person),
            ("13193448310389", "老板手机", "5", Rule::Phone),
            ("13193448310389", "生日", "4", Rule::Birth),
        ] {
            assert_eq!(by_entry(id, caption, field_type), rule, "{caption}");
        }
    }

    #[test]
    fn names_of_fields_are_told_from_names_of_people() {
        for name in [
            "company_id",
            "trail_status",
            "field_type",
            "0",
            "17",
            "totalItem",
            "growth_level",
            "is_public",
            "annual_procurement",
            "last_edit_user",
        ] {
            assert!(is_field_name(name), "{name}");
        }
        for other in [
            "zhangsan",
            "zhang_san",
            "Zhang San",
            "a@b.com",
            "13800138000",
            "张三",
            "",
            "zhang7_id",
        ] {
            assert!(!is_field_name(other), "{other}");
        }
    }
}
