//! Privacy: nothing of a person is anywhere in what is written, wherever OKKI shows it; and what a mapping needs is there.

use super::{disguise::Disguise, json, place::About, pseudonym::Pseudonyms};
use serde_json::Value;

/// Whatever says who somebody is, in the answer below.
const PERSONAL: &[&str] = &[
    "Zhang",
    "zhang",
    "ZHANG",
    "张伟",
    "王小明",
    "Acme",
    "acme",
    "ACME",
    "华东精密",
    "13800138000",
    "138 0013 8000",
    "138-0013-8000",
    "88886666",
    "１３８００１３８０００",
    "Hauptstr",
    "人民路",
    "1985-03-12",
    "9876543",
    "tok_9f8e7d",
    "Mueller",
    "\\u5f20\\u4f1f",
    "geheim",
    "310101198503127777",
    "brunhilde",
    "lehmann",
    "Lehmann",
    "310115198001011234",
    "6222021234567890123",
    "31.2304161234",
    "2304161234",
    "121.4737",
    "19850312",
    "19790704",
    "350000",
];

const DETAIL: &str = r##"{"code":200,"message":"success","now":"2026-01-21 16:02:22","data":{
"company_id":56657420945678,"serial_id":"C00017","name":" 华东精密 Acme GmbH\u0000 ","short_name":"ACME","star":3,
"annual_procurement":"10","country":"DE","country_name":"Germany","province":"Acme-Provinz",
"group_id":101,"pool_name":"公共公海分组","trail_status":{"status_id":"7","status_name":"已报价","status_color":"#cccccc"},
"trail_status_name":"已报价","origin_list":["展会","Acme 转介绍"],"origin_name":"展会",
"homepage":"https://www.acme.de/team?u=Zhang%20Wei&t=tok_9f8e7d","address":"Hauptstr. 5, 人民路 7","remark":"Frau Mueller anrufen, geheim",
"tel":["0571","88886666"],"tel_area_code":"0571","image_list":["https://cdn.x.com/zhang.jpg"],
"tag":[{"tag_id":5203219001,"tag_name":"VIP"},{"tag_id":5203219002,"tag_name":"王小明的客户"}],
"user_id":["55280038"],"owner":[{"user_id":"55280038","nickname":"brunhilde.lehmann","avatar":"https://x.com/lehmann.png"}],
"last_owner_info":{"user_id":"55280038","name":"王小明","nickname":"王小明"},
"create_time":"2025-07-30 09:43:47","update_time":1795813148000,"next_follow_up_time":"1970-01-01 00:00:00","edit_time":"28. Nov 2026, 4h59",
"deal_amount":1.10,"bank":6222021234567890123,"lat":31.2304161234,"lng":121.4737,"born":19790704,
"id_no":310115198001011234,"odd":5.6e13,"flag":true,"nothing":null,"empty":"","blank":" \t","list":[],
"zhang.wei@acme.de":{"note":"x"},"13800138000":{"x":1},"张伟":1,"growth":{"level":"A级","zhang_wei":"y"},
"name":"张伟（second name of the member）",
"company":[
 {"group_id":1,"name":"基本信息","fields":[
  {"id":"name","name":"公司名称","field_type":"1","value":"华东精密 Acme GmbH"},
  {"id":"origin","name":"客户来源","field_type":3,"value":"展会"},
  {"value":"张伟 said hello","id":"13193448310389","name":"营业额","field_type":"2"},
  {"id":"13193448310390","name":"成交日期","field_type":"4","value":"2024-02-29"},
  {"id":"13193448310391","name":"员工数","field_type":"5","value":"250"},
  {"id":"13193448310392","name":"业务员","field_type":"3","value":"王小明"},
  {"id":"13193448310393","name":"行业","field_type":"3","value":"机械"},
  {"id":"13193448310394","name":"行业二","field_type":"3","value":"Mueller & Söhne"},
  {"id":"13193448310395","name":"备注号","field_type":"1","value":13800138000},
  {"id":"13193448310396","name":"身份证","field_type":"1","value":"310101198503127777"},
  {"id":"13193448310399","name":"数一","field_type":"5","value":310115198001011234},
  {"id":"13193448310400","name":"数二","field_type":"5","value":19850312},
  {"id":"13193448310401","name":"数三","field_type":"5","value":"350000"},
  {"id":"13193448310402","name":"数四","field_type":"13","value":350000.00},
  {"id":"13193448310403","name":"数五","field_type":"5","value":"310115198001011234"},
  {"id":"13193448310397","name":"QQ号码","field_type":"5","value":98765432},
  {"id":"13193448310398","name":"\u5f20\u4f1f的字段","field_type":"1","value":""}]},
 {"group_id":4,"name":"联系信息","fields":[
  {"id":"tel","name":"座机","field_type":"1","value":{"tel_area_code":"0571","tel":"88886666"}},
  {"id":"homepage","name":"公司网址","field_type":"1","value":"www.acme.de"}]}],
"customers":[
 {"customer_id":566574209456780,"name":"\u5f20\u4f1f","email":"Zhang.Wei@Acme.de","birth":"1985-03-12","gender":1,
  "tel_list":[["86","13800138000"],[86,13800138000],{"0":"+86","1":"138 0013 8000"},["","１３８００１３８０００"]],
  "contact":[{"type":"linkedin","value":"zhang-wei-7"},{"type":"wechat","value":"zhang9876543"}],"post":"Einkauf Acme",
  "remark":"138-0013-8000","external_field_data":[{"id":"16664800173","name":"爱好","field_type":"1","group_name":"基本信息","value":"Zhang spielt"}],
  "main_customer_flag":1,"company_name":"华东精密 Acme GmbH"}]}}"##;

const ENUMS: &str = r##"{"code":200,"data":{"tag_list":[{"code":"5203219001","name":"VIP"},{"code":"5203219002","name":"王小明的客户"}],
"industry":[{"id":"1","name":"机械"}],"fields":[{"id":"13193448310392","name":"业务员","field_type":3,"options":["王小明","brunhilde"]}]}}"##;

fn disguised(keep: &[&str], salt: &str) -> (String, String) {
    let mut disguise = Disguise::new(
        Pseudonyms::salted(salt),
        keep.iter().map(|name| (*name).to_owned()),
    );
    let (detail, enums) = (
        json::parse(DETAIL.as_bytes()).unwrap(),
        json::parse(ENUMS.as_bytes()).unwrap(),
    );
    disguise.learn(&enums, About::Settings);
    disguise.learn(&detail, About::Customers);
    let mut text = |node, about| String::from_utf8(disguise.write(node, about)).unwrap();
    (text(&detail, About::Customers), text(&enums, About::Settings))
}

fn data(text: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()["data"].clone()
}

/// The value of an entry by its caption.
fn entry(data: &Value, name: &str) -> Value {
    let groups = data["company"].as_array().unwrap().iter();
    let mut fields = groups.flat_map(|group| group["fields"].as_array().unwrap());
    fields.find(|field| field["name"] == name).expect(name)["value"].clone()
}

#[test]
fn nothing_of_a_person_is_anywhere() {
    let (detail, enums) = disguised(&[], "corpus");
    for text in [&detail, &enums] {
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{personal} is in\n{text}");
        }
        let parsed = serde_json::from_str::<Value>(text).unwrap().to_string();
        let found = PERSONAL.iter().find(|personal| parsed.contains(*personal));
        assert_eq!(found, None, "{parsed}");
    }
}

#[test]
fn what_a_mapping_decides_by_stays() {
    let (detail, enums) = disguised(&[], "corpus");
    let data = data(&detail);
    for (name, value) in [
        ("company_id", serde_json::json!(56_657_420_945_678_i64)),
        ("serial_id", "C00017".into()),
        ("star", 3.into()),
        ("annual_procurement", "10".into()),
        ("country", "DE".into()),
        ("country_name", "Germany".into()),
        ("pool_name", "公共公海分组".into()),
        ("trail_status_name", "已报价".into()),
        ("origin_name", "展会".into()),
        ("update_time", 1_795_813_148_000_i64.into()),
        ("create_time", "2025-07-30 09:43:47".into()),
        ("next_follow_up_time", "1970-01-01 00:00:00".into()),
        ("edit_time", "28. Nov 2026, 4h59".into()),
        ("nothing", Value::Null),
        ("empty", "".into()),
        ("blank", " \t".into()),
    ] {
        // Unknown names are replaced, what they hold is found by its value then.
        let found = data.get(name).cloned().unwrap_or_else(|| {
            data.as_object()
                .unwrap()
                .values()
                .find(|other| **other == value)
                .cloned()
                .unwrap_or_default()
        });
        assert_eq!(found, value, "{name}");
    }
    assert_eq!(data["tag"][0]["tag_name"], "VIP");
    assert_eq!(data["trail_status"]["status_name"], "已报价");
    assert_eq!(entry(&data, "成交日期"), "2024-02-29");
    assert_eq!(entry(&data, "员工数"), "250");
    for number in ["数一", "数二", "数四"] {
        assert!(entry(&data, number).is_number(), "{number}");
    }
    assert_eq!(entry(&data, "数一").to_string().len(), 18);
    assert_eq!(entry(&data, "行业"), "机械");
    assert_eq!(data["company"][0]["name"], "基本信息");
    assert!(enums.contains("VIP") && enums.contains("业务员"), "{enums}");
    for spelling in ["1.10", "5.6e13", "\\u0000 "] {
        assert!(detail.contains(spelling), "{spelling}: {detail}");
    }
    assert_eq!(
        detail.matches("\"name\": ").count(),
        DETAIL.matches("\"name\":").count(),
        "members that come twice"
    );
}

#[test]
fn pseudonyms_keep_what_belongs_together_and_how_it_is_written() {
    let data = data(&disguised(&[], "corpus").0);
    let contact = &data["customers"][0];
    assert_eq!(contact["company_name"], entry(&data, "公司名称"));
    let mail = contact["email"].as_str().unwrap();
    assert!(mail.ends_with(".de") && mail.matches('@').count() == 1, "{mail}");
    let phones = contact["tel_list"].as_array().unwrap();
    assert_eq!(phones[0][0], "86");
    assert_eq!(phones[1][0], 86);
    assert_eq!(phones[0][1].as_str().unwrap(), phones[1][1].to_string());
    assert_eq!(
        phones[0][1].as_str().unwrap(),
        phones[2]["1"].as_str().unwrap().replace(' ', "")
    );
    let birth = contact["birth"].as_str().unwrap();
    assert!(
        birth.parse::<jiff::civil::Date>().is_ok() && birth.starts_with("198"),
        "{birth}"
    );
    assert_eq!(contact["name"].as_str().unwrap().chars().count(), 2);
    assert_eq!(data["customers"][0]["contact"][0]["type"], "linkedin");
}

#[test]
fn the_salt_decides_and_a_field_can_be_kept() {
    assert_eq!(disguised(&[], "a"), disguised(&[], "a"));
    assert_ne!(disguised(&[], "a").0, disguised(&[], "b").0);
    let (kept, _) = disguised(&["remark", "营业额", "growth"], "a");
    let data = data(&kept);
    assert_eq!(data["remark"], "Frau Mueller anrufen, geheim");
    assert_eq!(entry(&data, "营业额"), "张伟 said hello");
    assert_eq!(data["growth"]["level"], "A级");
}

#[test]
fn bytes_that_no_parser_takes_stay_odd() {
    let body = b"{\"code\":200,\"data\":{\"company_id\":7,\"name\":\"Acme\xff GmbH\\ud83d\",\"short_name\":\"a\x01b\"}}";
    let mut disguise = Disguise::new(Pseudonyms::salted("a"), []);
    let node = json::parse(body).unwrap();
    disguise.learn(&node, About::Customers);
    let out = disguise.write(&node, About::Customers);
    assert!(out.contains(&0xff) && out.contains(&1));
    let shown = String::from_utf8_lossy(&out);
    assert!(shown.contains("\\ud83d") && !shown.contains("Acme"), "{shown}");
}
