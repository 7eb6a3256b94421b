//! Result files: what is written reads back, at every moment of a run, and errors say what is safe.

use std::path::Path;

use neuropil::ErrorKind;
use neuropil::output::{
    Column, EventFormat, Format, OutputFolder, Recorded, Spike, SpikeSource, SpikeWriter, TableWriter,
    inside, read, read_spikes, read_table, write_json,
};
use neuropil::units::Dimension;
use proptest::prelude::*;

fn columns() -> Vec<Column> {
    vec![
        Column::time(),
        Column::new("soma.v", Dimension::VOLTAGE, "membrane potential"),
        Column::new("soma.na.m", Dimension::NONE, "activation"),
        Column::new("clamp, \"1\".i", Dimension::CURRENT, "injected current"),
        Column::new("soma.g", Dimension::CONDUCTANCE, "conductance"),
    ]
}

const ROWS: [f64; 10] = [0.0, -0.065, 0.05, 1e-10, 3e-7, 0.025e-3, -0.0649, 0.25, -2.5e-9, 0.0];

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn csv_names_columns_and_units() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/er/traces.csv");
    let mut writer = TableWriter::create(&path, Format::Csv, columns()).unwrap();
    writer.append_rows(&ROWS).unwrap();
    let written = writer.finish().unwrap();
    let expected = "time (ms),soma.v (mV),soma.na.m,\"clamp, \"\"1\"\".i (nA)\",soma.g (µS)\n\
                    0,-65,0.05,0.1,0.3\n0.025,-64.9,0.25,-2.5,0\n";
    assert_eq!(text(&path), expected);
    assert_eq!((written.rows, written.bytes), (2, expected.len() as u64));
    let table = read_table(&path).unwrap();
    let names: Vec<_> = table.columns.iter().map(|c| (c.name.as_str(), c.unit.as_str())).collect();
    let expected =
        [("time", "ms"), ("soma.v", "mV"), ("soma.na.m", ""), ("clamp, \"1\".i", "nA"), ("soma.g", "µS")];
    assert_eq!(names, expected);
    assert_eq!(table.columns[3].values, [0.1, -2.5]);
}

#[test]
fn lems_columns_are_plain_si() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ex.dat");
    let mut writer = TableWriter::create(&path, Format::Lems, columns()[..2].to_vec()).unwrap();
    writer.append_rows(&[0.0, -0.065, 0.075e-3, -0.06012345678901234]).unwrap();
    writer.finish().unwrap();
    assert_eq!(text(&path), "0\t-0.065\n0.000075\t-0.06012345678901234\n");
    let table = read_table(&path).unwrap();
    assert!(!table.named);
    assert_eq!(table.columns[1].values, [-0.065, -0.06012345678901234]);
}

/// Every flush leaves a NumPy file whose header counts exactly the rows that follow it.
#[test]
fn npy_is_whole_after_every_flush() {
    let dir = tempfile::tempdir().unwrap();
    for ascii in [true, false] {
        let path = dir.path().join("traces.npy");
        let mut columns = columns();
        if ascii {
            columns.pop();
        }
        let width = columns.len();
        let mut writer = TableWriter::create(&path, Format::Npy, columns).unwrap();
        for row in 0..50_u32 {
            let values: Vec<f64> = (0..width).map(|c| f64::from(row) * 1e-3 + c as f64).collect();
            writer.append_rows(&values).unwrap();
            writer.flush().unwrap();
            let bytes = std::fs::read(&path).unwrap();
            let (start, length) = match bytes[6] {
                1 => (10, usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))),
                3 => (12, u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize),
                other => panic!("version {other}"),
            };
            assert_eq!(bytes[6], if ascii { 1 } else { 3 });
            assert_eq!((start + length) % 64, 0);
            assert_eq!(bytes[start + length - 1], b'\n');
            assert_eq!(bytes.len() - start - length, (row as usize + 1) * width * 8);
            let table = read_table(&path).unwrap();
            assert_eq!(table.rows(), row as usize + 1);
            assert_eq!(table.columns[1].values[row as usize], (f64::from(row) * 1e-3 + 1.0) * 1e3);
        }
        assert_eq!(read_table(&path).unwrap().columns[3].name, "clamp, \"1\".i");
        assert_eq!(writer.finish().unwrap().rows, 50);
    }
}

#[test]
fn npy_of_others_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npy");
    let write = |header: &str, data: &[f64]| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(data.iter().flat_map(|v| v.to_le_bytes()));
        std::fs::write(&path, bytes).unwrap();
    };
    write("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }\n", &[0.5, 1.0, 3.0, 4.5]);
    assert_eq!(read_table(&path).unwrap().columns[1].values, [3.0, 4.5]);
    write("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }\n", &[0.5, 1.0, 3.0]);
    let error = read_table(&path).unwrap_err();
    assert!(error.to_string().contains("promises 3 rows"), "{error}");
    write("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }\n", &[0.5, 1.0]);
    assert_eq!(read_table(&path).unwrap_err().kind(), ErrorKind::Unsupported);
    write("{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551615, 3), }\n", &[]);
    assert_eq!(read_table(&path).unwrap_err().kind(), ErrorKind::Syntax);
}

#[test]
fn an_interrupted_run_leaves_all_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    for format in Format::ALL {
        let path = dir.path().join("traces");
        let mut writer = TableWriter::create(&path, format, columns()[..2].to_vec()).unwrap();
        writer.append_rows(&[0.0, -0.065, 0.5e-3, -0.06]).unwrap();
        drop(writer);
        assert_eq!(read_table(&path).unwrap().rows(), 2, "{format:?}");
        let empty = TableWriter::create(&path, format, columns()).unwrap();
        assert_eq!(read_table(&path).unwrap().rows(), 0, "{format:?}");
        assert_eq!(empty.finish().unwrap().rows, 0);
    }
}

/// `/dev/full` takes no byte: the error names the file and says how much is safe.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_counts() {
    let one = vec![Column::time()];
    let mut writer = TableWriter::create("/dev/full", Format::Lems, one).unwrap();
    let mut appended = 0;
    let error = loop {
        match writer.append_rows(&[0.001; 1000]) {
            Ok(()) => appended += 1000,
            Err(error) => break error,
        }
        assert!(appended < 1_000_000, "no error");
    };
    assert_eq!(error.kind(), ErrorKind::Io);
    let message = error.to_string();
    assert!(message.starts_with("/dev/full: "), "{message}");
    assert!(message.contains("0 rows are safe"), "{message}");
    assert!(message.contains("later ones are lost"), "{message}");
    assert!(writer.finish().is_err(), "the failure is not forgotten");
    let error = TableWriter::create("/dev/full/x.csv", Format::Csv, columns()).err().unwrap();
    assert!(error.to_string().contains("/dev/full"), "{error}");
}

#[test]
fn rows_must_be_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = TableWriter::create(dir.path().join("t.csv"), Format::Csv, columns()).unwrap();
    assert_eq!(writer.append_rows(&[0.0; 7]).unwrap_err().kind(), ErrorKind::Value);
    assert!(TableWriter::create(dir.path().join("t.csv"), Format::Csv, vec![]).is_err());
}

#[test]
fn equal_names_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.csv");
    let v = || Column::new("v", Dimension::VOLTAGE, "");
    TableWriter::create(&path, Format::Csv, vec![v(), v(), v()]).unwrap().finish().unwrap();
    assert_eq!(text(&path), "v (mV),v (mV) #2,v (mV) #3\n");
    let names: Vec<_> = read_table(&path).unwrap().columns.into_iter().map(|c| (c.name, c.unit)).collect();
    assert_eq!(names[2], ("v #3".to_string(), "mV".to_string()));
}

fn sources() -> Vec<SpikeSource> {
    let source = |id: u32, label: &str| SpikeSource { id: id.to_string(), label: label.into() };
    vec![source(0, "pyr[0]"), source(7, "pyr[7], soma")]
}

const SPIKES: [Spike; 3] = [
    Spike { time_s: 0.0054, source: 1 },
    Spike { time_s: 0.0526, source: 0 },
    Spike { time_s: 0.0526, source: 1 },
];

#[test]
fn spikes_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let write = |format, events| {
        let path = dir.path().join("spikes");
        let mut writer = SpikeWriter::create(&path, format, events, sources()).unwrap();
        writer.append(&SPIKES).unwrap();
        assert!(writer.append(&[Spike { time_s: 0.0, source: 9 }]).is_err());
        assert_eq!(writer.finish().unwrap().rows, 3);
        let back = read_spikes(&path).unwrap();
        assert_eq!(back.times_ms, [5.4, 52.6, 52.6], "{format:?}");
        assert_eq!(back.sources, [7, 0, 7], "{format:?}");
        assert!(read_table(&path).is_err());
        (std::fs::read(&path).unwrap(), back.labels)
    };
    let (csv, labels) = write(Format::Csv, EventFormat::IdTime);
    let expected = "time (ms),source,label\n5.4,7,\"pyr[7], soma\"\n52.6,0,pyr[0]\n52.6,7,\"pyr[7], soma\"\n";
    assert_eq!(String::from_utf8(csv).unwrap(), expected);
    assert_eq!(labels, ["pyr[7], soma", "pyr[0]", "pyr[7], soma"]);
    let lems = |events| String::from_utf8(write(Format::Lems, events).0).unwrap();
    assert_eq!(lems(EventFormat::IdTime), "7\t0.0054\n0\t0.0526\n7\t0.0526\n");
    assert_eq!(lems(EventFormat::TimeId), "0.0054\t7\n0.0526\t0\n0.0526\t7\n");
    write(Format::Npy, EventFormat::IdTime);
}

#[test]
fn errors_of_readers_name_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad.csv");
    for (content, line, what) in [
        ("time (ms),v (mV)\n0,1\n0.1\n", 3, "1 columns here, 2"),
        ("time (ms),v (mV)\n0,x\n", 2, "'x' is not a number"),
        ("0 1\n1 2 3\n", 2, "3 columns here, 2"),
        ("\"t,v\n0,1\n", 1, "not closed"),
    ] {
        std::fs::write(&path, content).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(error.place().line, line, "{error}");
        assert_eq!(error.place().file.as_deref(), Some(path.as_path()));
    }
    assert_eq!(read(dir.path().join("none.csv")).unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn plain_csv_without_header() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plain.csv");
    std::fs::write(&path, "\u{feff}0, -65\r\n0.1, -64\r\n").unwrap();
    let table = read_table(&path).unwrap();
    assert_eq!(table.columns[1].values, [-65.0, -64.0]);
    assert_eq!(table.columns[1].name, "column 2");
}

#[test]
fn results_stay_inside_their_folder() {
    let dir = Path::new("out");
    for (name, path, warned) in [
        ("v.dat", "out/v.dat", false),
        ("results/./v.dat", "out/results/v.dat", false),
        ("a/../v.dat", "out/v.dat", false),
        ("../v.dat", "out/v.dat", true),
        ("a/../../../etc/v.dat", "out/etc/v.dat", true),
        ("/etc/passwd", "out/etc/passwd", true),
        ("..", "out/output.dat", true),
        ("", "out/output.dat", true),
    ] {
        let (found, warning) = inside(dir, name);
        assert_eq!(found, Path::new(path), "{name}");
        assert_eq!(warning.is_some(), warned, "{name}");
        if let Some(warning) = warning {
            assert_eq!(warning.name, "output-outside-folder");
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut folder = OutputFolder::create(dir.path().join("run")).unwrap();
    assert!(folder.path("v.dat").unwrap().1.is_none());
    let error = folder.path("../v.dat").unwrap_err();
    assert!(error.to_string().contains("'../v.dat' and 'v.dat'"), "{error}");
}

#[test]
fn json_appears_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.json");
    write_json(&path, &std::collections::BTreeMap::from([("seed", 1)])).unwrap();
    assert_eq!(text(&path), "{\n  \"seed\": 1\n}\n");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(write_json(dir.path().join("no/run.json"), &1).unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn formats_by_name() {
    for format in Format::ALL {
        assert_eq!(Format::from_name(format.name()).unwrap(), format);
    }
    assert!(Format::from_name("cvs").unwrap_err().to_string().contains("did you mean 'csv'?"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any values under any names come back, bit for bit in SI columns.
    #[test]
    fn tables_round_trip(
        names in proptest::collection::vec("[ -~µ°\n]{1,12}", 1..5),
        values in proptest::collection::vec(any::<f64>().prop_filter("a number", |v| !v.is_nan()), 0..40),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let width = names.len();
        let rows = values.len() / width;
        for format in [Format::Csv, Format::Npy] {
            let path = dir.path().join("t");
            let columns: Vec<_> =
                names.iter().map(|n| Column::new(format!("n{n}"), Dimension::NONE, "")).collect();
            let mut writer = TableWriter::create(&path, format, columns).unwrap();
            writer.append_rows(&values[..rows * width]).unwrap();
            writer.finish().unwrap();
            let table = read_table(&path).unwrap();
            prop_assert_eq!(table.columns.len(), width);
            for (c, column) in table.columns.iter().enumerate() {
                let expected: Vec<f64> = (0..rows).map(|r| values[r * width + c]).collect();
                prop_assert_eq!(&column.values, &expected);
            }
        }
    }

    /// No bytes make a reader panic.
    #[test]
    fn readers_survive_anything(bytes in proptest::collection::vec(any::<u8>(), 0..300), npy in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("any");
        let mut content = if npy { b"\x93NUMPY\x01\x00".to_vec() } else { Vec::new() };
        content.extend(bytes);
        std::fs::write(&path, content).unwrap();
        let _: Result<Recorded, _> = read(&path);
    }
}
