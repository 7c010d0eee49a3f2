//! Work on files that needs no model: conversion, annotations, the demonstration.

pub mod coco;
pub mod convert;
pub mod demo;
