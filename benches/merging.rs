//! Merging sealed segments into a file.

use crate::data::Random;
use bytes::Bytes;
use criterion::{Criterion, Throughput};
use std::sync::Arc;
use trackcrumb::codec::FileId;
use trackcrumb::codec::text::Compression;
use trackcrumb::files::{DiskStorage, FileError, publish_written};
use trackcrumb::model::{Arrival, EventId, GroupKeyId, GroupTypeId, Moment, PropertyId, Timestamp, UserId, Value};
use trackcrumb::segment::{Segment, SegmentRows, SegmentWriter, merge_segments_into};

const SEGMENTS: u64 = 4;
const ROWS: u64 = 1_000_000;
/// 2026-01-01T00:00:00Z in microseconds.
const START_MICROS: i64 = 1_767_225_600_000_000;
/// 90 days over all rows of the largest merge.
const PACE_MICROS: i64 = 90 * 86_400_000_000 / 16_000_000;

/// A segment of `rows` rows from `first` on: six events, two group types, three properties and insert ids.
fn segment(first: u64, rows: u64, random: &mut Random) -> Bytes {
    let mut all = SegmentRows::default();
    for row in first..first + rows {
        let event: u32 = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4][random.below(12) as usize];
        // Some users do much, most do little.
        let user = (random.below(100_000) * random.below(100_000) / 100_000) as u32;
        // One row in twenty is late, by up to a day.
        let late = if random.below(20) == 0 { random.below(86_400_000_000) as i64 } else { 0 };
        let time = Timestamp::clamped(START_MICROS + row as i64 * PACE_MICROS - late);
        let company = (!user.is_multiple_of(8)).then(|| (GroupTypeId::new(0), GroupKeyId::new(user % 5_000)));
        let project = (random.below(2) == 0)
            .then(|| (GroupTypeId::new(1), GroupKeyId::new((user * 4 + random.below(4) as u32) % 50_000)));
        let properties = [
            (PropertyId::new(0), Value::string(["US", "DE", "FR", "IN", "BR"][random.below(5) as usize])),
            (PropertyId::new(1), Value::integer(random.below(100_000) as i64)),
            (PropertyId::new(2), Value::string(format!("/projects/{}/documents", random.below(50_000)))),
        ];
        all.push(
            EventId::new(event),
            UserId::new(user),
            Moment { time, arrival: Arrival::new(row) },
            company.into_iter().chain(project),
            properties,
            Some(&format!("{:016x}", random.below(u64::MAX))),
        )
        .expect("values read back");
    }
    let writer = SegmentWriter::new(FileId([1; 16]), Arrival::new(first), Compression::Zstd, all);
    writer.finish().expect("a segment")
}

pub fn bench(criterion: &mut Criterion) {
    let mut random = Random::new();
    let segments: Vec<Arc<Segment>> = (0..SEGMENTS)
        .map(|place| segment(place * ROWS, ROWS, &mut random))
        .map(|bytes| Arc::new(Segment::open(bytes, "segment").expect("a segment")))
        .collect();
    let directory = tempfile::tempdir().expect("a directory");
    let storage = DiskStorage::open(directory.path()).expect("a storage");
    let mut group = criterion.benchmark_group("merge");
    group.throughput(Throughput::Elements(SEGMENTS * ROWS));
    group.bench_function("4 segments of a million rows", |bencher| {
        bencher.iter(|| {
            publish_written::<FileError>(&storage, "merged", "merged", |output| {
                merge_segments_into(&segments, FileId([2; 16]), Arrival::new(0), output).expect("merged");
                Ok(())
            })
            .expect("written");
        });
    });
}
