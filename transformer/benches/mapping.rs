//! One typical customer through the seed's fourteen fields: time by criterion, allocations counted.
//!
//! The mapping is compiled once before anything is measured. `cargo bench -p transformer --bench mapping`.

use std::hint::black_box;

use criterion::Criterion;
use jiff::Timestamp;
use mapping::Record;
use mapping::clean::read;
use transformer::map::Mapping;

/// The shape of the vendor's published example, filled in.
const CUSTOMER: &str = include_str!("../mappings/customer.example.json");

fn main() {
    let mapping = match Mapping::load(include_str!("../mappings/seed.json"), None) {
        Ok(mapping) => mapping,
        Err(problems) => panic!("{problems:?}"),
    };
    let text = CUSTOMER;
    let record: Record = cleaned(&mapping, text);
    let now = Timestamp::UNIX_EPOCH;

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("map 14 fields", |b| {
        b.iter(|| mapping.map(black_box(&record), now))
    });
    criterion.bench_function("parse and clean", |b| {
        b.iter(|| cleaned(&mapping, black_box(text)))
    });
    criterion.bench_function("parse, clean and map", |b| {
        b.iter(|| mapping.map(&cleaned(&mapping, black_box(text)), now))
    });
    criterion.final_summary();

    let map = allocation_counter::measure(|| drop(black_box(mapping.map(&record, now))));
    let prepare = allocation_counter::measure(|| drop(black_box(cleaned(&mapping, text))));
    println!(
        "allocations: map 14 fields {} ({} bytes), parse and clean {} ({} bytes)",
        map.count_total, map.bytes_total, prepare.count_total, prepare.bytes_total
    );
}

fn cleaned(mapping: &Mapping, text: &str) -> Record {
    match read(text.as_bytes(), mapping.wanted(), mapping.zone()) {
        Ok(record) => record,
        Err(error) => panic!("the example is sound: {error}"),
    }
}
