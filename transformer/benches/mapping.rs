//! One typical customer through the seed's fourteen fields: time by criterion, allocations counted.
//!
//! The mapping is compiled once before anything is measured. `cargo bench -p transformer --bench mapping`.

use std::hint::black_box;

use criterion::Criterion;
use jiff::Timestamp;
use pipeline::metadata::Record;
use serde_json::{Value, json};
use transformer::clean::clean;
use transformer::map::Mapping;

/// The shape of the vendor's published example, filled in.
fn detail() -> Value {
    json!({
        "company_id": 56657420945678_i64, "short_name": "ACME", "name": "ACME Trading GmbH & Co. KG", "category_ids": [], "serial_id": "C-1001",
        "archive_time": "2025-07-30 09:43:47", "archive_type": 1, "country": "DE", "province": "", "city": "", "country_name": "德国",
        "country_region": {"city": "", "country": "DE", "province": ""}, "biz_type": "", "intention_level": 0, "annual_procurement": 5,
        "timezone": "", "scale_id": 0, "star": 3, "group_id": 0, "pool_id": 0, "pool_name": "公共公海分组",
        "trail_status": {"status_id": "0", "status_name": "无", "status_color": "#cccccc", "info_value": "0", "info_label": "无"},
        "trail_status_name": "无", "origin": 0, "origin_list": [], "origin_name": "", "homepage": "https://example.com", "fax": "",
        "tel": ["49", "2215550"], "tel_area_code": "49", "address": "Domplatz 1", "remark": "wants a quote", "image_list": [],
        "tag": [{"tag_id": 1, "tag_name": "重点"}, {"tag_id": 2, "tag_name": "展会"}, {"tag_id": 3, "tag_name": "欧洲"}],
        "client_tag_list": [], "product_group_ids": [], "user_id": [], "owner": [], "last_owner": 55280038,
        "create_user": 55280040, "create_time": "2025-07-30 09:43:47", "update_time": "2025-11-06 00:08:47", "edit_time": "2025-09-05 15:19:15",
        "order_time": "2025-11-07 16:03:38", "next_follow_up_time": "1970-01-01 00:00:00", "next_move_to_public_date": "1970-01-01",
        "company": [
            {"group_id": 1, "name": "基本信息", "fields": [
                {"id": "name", "name": "公司名称", "field_type": "1", "value": "ACME Trading GmbH & Co. KG"},
                {"id": "short_name", "name": "简称", "field_type": "1", "value": "ACME"},
                {"id": "origin_list", "name": "客户来源", "field_type": "7", "value": []},
                {"id": "13193448310389", "name": "营业额", "field_type": "2", "value": ""},
                {"id": "origin", "name": "客户来源", "field_type": 3, "value": "展会"}]},
            {"group_id": 2, "name": "特征信息", "fields": [
                {"id": "intention_level", "name": "采购意向", "field_type": "3", "value": 0},
                {"id": "annual_procurement", "name": "年采购额", "field_type": "3", "value": 5},
                {"id": "country", "name": "国家地区", "field_type": "3", "value": "德国"},
                {"id": "scale_id", "name": "规模", "field_type": "3", "value": 0},
                {"id": "category_ids", "name": "主营产品", "field_type": "7", "value": []}]},
            {"group_id": 3, "name": "管理信息", "fields": [
                {"id": "star", "name": "客户星级", "field_type": "5", "value": 3},
                {"id": "group_id", "name": "客户分组", "field_type": "3", "value": "未分组"},
                {"id": "trail_status", "name": "客户阶段", "field_type": "3", "value": "无"}]},
            {"group_id": 4, "name": "联系信息", "fields": [
                {"id": "homepage", "name": "公司网址", "field_type": "1", "value": "https://example.com"},
                {"id": "tel", "name": "座机", "field_type": "1", "value": {"tel_area_code": "49", "tel": "2215550"}},
                {"id": "address", "name": "详细地址", "field_type": "2", "value": "Domplatz 1"},
                {"id": "fax", "name": "传真", "field_type": "1", "value": ""}]},
            {"group_id": 5, "name": "其他信息", "fields": [{"id": "remark", "name": "公司备注", "field_type": "2", "value": "wants a quote"}]}],
        "customers": [
            {"customer_id": 1, "name": "Erika", "email": "erika@example.com", "tel_list": [], "main_customer_flag": 0},
            {"customer_id": 2, "name": "Max", "email": "max@example.com", "tel_list": [["49", "1701234567"], ["49", "2215551"]], "main_customer_flag": 1}]
    })
}

fn main() {
    let mapping = match Mapping::load(include_str!("../mappings/seed.json"), None) {
        Ok(mapping) => mapping,
        Err(problems) => panic!("{problems:?}"),
    };
    let text = detail().to_string();
    let record: Record = cleaned(&text);
    let now = Timestamp::UNIX_EPOCH;

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("map 14 fields", |b| {
        b.iter(|| mapping.map(black_box(&record), now))
    });
    criterion.bench_function("parse and clean", |b| b.iter(|| cleaned(black_box(&text))));
    criterion.bench_function("parse, clean and map", |b| {
        b.iter(|| mapping.map(&cleaned(black_box(&text)), now))
    });
    criterion.final_summary();

    let map = allocation_counter::measure(|| drop(black_box(mapping.map(&record, now))));
    let prepare = allocation_counter::measure(|| drop(black_box(cleaned(&text))));
    println!(
        "allocations: map 14 fields {} ({} bytes), parse and clean {} ({} bytes)",
        map.count_total, map.bytes_total, prepare.count_total, prepare.bytes_total
    );
}

fn cleaned(text: &str) -> Record {
    match serde_json::from_str(text).map(clean) {
        Ok(Ok(record)) => record,
        other => panic!("the example is sound: {other:?}"),
    }
}
