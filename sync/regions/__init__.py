"""Answers that mark regions: spans in text and dialogues, time segments, boxes, polygons."""
