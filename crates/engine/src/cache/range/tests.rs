mod fields;
mod reading;
