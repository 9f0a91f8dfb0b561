//! From our counters to the metrics library.

use std::{collections::HashMap, sync::Arc};

use prometheus::{
    core::{Collector, Desc},
    proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType},
};

use super::{
    MetricsError, Series,
    cells::{BOUNDS, DurationsSum},
};
use crate::catalogue::{CATALOGUE, Family, Kind};

/// The collector of everything in the catalogue.
pub(super) struct Exporter {
    series: Arc<Series>,
    descriptions: Vec<Desc>,
}

/// What one scrape collects, by family.
#[derive(Default)]
pub(super) struct Sheet {
    metrics: HashMap<&'static str, Vec<Metric>>,
}

// === impl Exporter ===

impl Exporter {
    pub(super) fn new(series: Arc<Series>) -> Result<Self, MetricsError> {
        let descriptions = CATALOGUE.iter().map(|family| {
            let labels = family
                .labels
                .iter()
                .map(|label| label.name.to_owned())
                .collect();
            Desc::new(
                family.name.to_owned(),
                family.help.to_owned(),
                labels,
                HashMap::new(),
            )
        });
        Ok(Self {
            series,
            descriptions: descriptions.collect::<Result<_, _>>()?,
        })
    }
}

impl Collector for Exporter {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut sheet = Sheet::default();
        let series = &self.series;
        series.process.export(&mut sheet);
        for route in &series.routes {
            route.export(&mut sheet);
        }
        if !series
            .routes
            .iter()
            .any(|route| Arc::ptr_eq(route, &series.unrouted))
        {
            series.unrouted.export(&mut sheet);
        }
        for upstream in &series.upstreams {
            upstream.export(&mut sheet);
        }
        sheet.into_families()
    }
}

// === impl Sheet ===

impl Sheet {
    /// A counter, left out while nothing has been counted.
    pub(super) fn counter(&mut self, family: &Family, labels: &[&str], value: u64) {
        if value != 0 {
            self.counter_or_zero(family, labels, value);
        }
    }

    /// A counter that is there from the beginning, because there is only one of it.
    pub(super) fn counter_or_zero(&mut self, family: &Family, labels: &[&str], value: u64) {
        let mut counter = Counter::default();
        counter.set_value(value as f64);
        let mut metric = Metric::default();
        metric.set_counter(counter);
        self.push(family, labels, metric);
    }

    pub(super) fn gauge(&mut self, family: &Family, labels: &[&str], value: f64) {
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        let mut metric = Metric::default();
        metric.set_gauge(gauge);
        self.push(family, labels, metric);
    }

    /// A histogram, left out while nothing has been observed.
    pub(super) fn durations(&mut self, family: &Family, labels: &[&str], sum: &DurationsSum) {
        if sum.count() == 0 {
            return;
        }
        let mut below = 0;
        let buckets = BOUNDS.iter().zip(sum.buckets).map(|(bound, count)| {
            below += count;
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(bound.as_secs_f64());
            bucket.set_cumulative_count(below);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(sum.count());
        histogram.set_sample_sum(sum.nanoseconds as f64 / 1e9);
        let mut metric = Metric::default();
        metric.set_histogram(histogram);
        self.push(family, labels, metric);
    }

    fn push(&mut self, family: &Family, labels: &[&str], mut metric: Metric) {
        debug_assert_eq!(labels.len(), family.labels.len(), "{}", family.name);
        let pairs = family.labels.iter().zip(labels).map(|(label, value)| {
            let mut pair = LabelPair::default();
            pair.set_name(label.name.to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        metric.set_label(pairs.collect());
        self.metrics.entry(family.name).or_default().push(metric);
    }

    fn into_families(mut self) -> Vec<MetricFamily> {
        let families = CATALOGUE.iter().filter_map(|family| {
            let metrics = self.metrics.remove(family.name)?;
            let mut exported = MetricFamily::default();
            exported.set_name(family.name.to_owned());
            exported.set_help(family.help.to_owned());
            exported.set_field_type(match family.kind {
                Kind::Counter => MetricType::COUNTER,
                Kind::Gauge => MetricType::GAUGE,
                Kind::Histogram => MetricType::HISTOGRAM,
            });
            exported.set_metric(metrics);
            Some(exported)
        });
        families.collect()
    }
}
